# SPDX-License-Identifier: Apache-2.0
"""Checks of a gateway with the client of the KServe SDK."""

import grpc
from kserve import InferenceGRPCClient, InferInput, InferRequest

import demo
from demo import expected


async def health(client, holdouts):
    assert await client.is_server_live()
    assert await client.is_server_ready()
    for holdout in holdouts:
        assert await client.is_model_ready(holdout.model)
    assert not await client.is_model_ready("nobody")
    return "live and ready, with all models"


async def predictions_of_raw_inputs(client, holdouts):
    return await predictions(client, holdouts, raw=True)


async def predictions_of_typed_inputs(client, holdouts):
    return await predictions(client, holdouts, raw=False)


async def predictions(client, holdouts, raw):
    for holdout in holdouts:
        outputs = await infer(client, holdout, holdout.rows, raw)
        holdout.check(holdout.classes(lambda name: outputs[name].as_numpy()))
        one = await infer(client, holdout, holdout.rows[:1], raw)
        first = holdout.classes(lambda name: one[name].as_numpy())
        expected(first.tolist(), holdout.predictions[:1].tolist(), f"class of one row of {holdout.model}")
    return demo.report(holdouts)


async def errors(client, holdouts):
    holdout = holdouts[0]
    try:
        await client.infer(InferRequest(model_name="nobody", infer_inputs=[tensor(holdout, holdout.rows, True)]))
        raise AssertionError("no error")
    except grpc.RpcError as e:
        expected(e.code(), grpc.StatusCode.NOT_FOUND, "status")
    return "an unknown model is NOT_FOUND"


async def infer(client, holdout, rows, raw):
    response = await client.infer(
        InferRequest(model_name=holdout.model, request_id="77", infer_inputs=[tensor(holdout, rows, raw)])
    )
    expected(response.id, "77", "id")
    expected(response.model_name, holdout.model, "model")
    return {output.name: output for output in response.outputs}


def tensor(holdout, rows, raw):
    value = InferInput(holdout.input_name, list(rows.shape), holdout.datatype)
    value.set_data_from_numpy(rows, binary_data=raw)
    return value


if __name__ == "__main__":
    demo.main_async([health, predictions_of_raw_inputs, predictions_of_typed_inputs, errors], InferenceGRPCClient)
