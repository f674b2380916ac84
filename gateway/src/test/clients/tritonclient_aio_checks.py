# SPDX-License-Identifier: Apache-2.0
"""Checks of a gateway with tritonclient's asyncio client."""

import asyncio

import numpy as np
import tritonclient.grpc.aio as aioclient
from tritonclient.utils import InferenceServerException

import demo
from demo import expected


async def descriptions(client, holdouts):
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert (await client.get_server_metadata()).name
    index = {(m.name, m.version): m.state for m in (await client.get_model_repository_index()).models}
    for holdout in holdouts:
        assert await client.is_model_ready(holdout.model)
        expected(index.get((holdout.model, "1")), "READY", "state")
        expected((await client.get_model_metadata(holdout.model)).name, holdout.model, "name")
        expected((await client.get_model_config(holdout.model)).config.name, holdout.model, "name")
        (stats,) = (await client.get_inference_statistics(holdout.model)).model_stats
        expected(stats.name, holdout.model, "name")
    return f"health, metadata, configuration, statistics and index of {len(holdouts)} models"


async def predictions(client, holdouts):
    for holdout in holdouts:
        result = await client.infer(holdout.model, inputs(holdout, holdout.rows))
        holdout.check(holdout.classes(result.as_numpy))
        single = [
            client.infer(holdout.model, inputs(holdout, holdout.rows[i : i + 1]))
            for i in range(len(holdout.rows))
        ]
        results = await asyncio.gather(*single)
        holdout.check(np.concatenate([holdout.classes(r.as_numpy) for r in results]))
    return demo.report(holdouts)


async def compression(client, holdouts):
    for holdout in holdouts:
        for algorithm in ("gzip", "deflate"):
            result = await client.infer(
                holdout.model, inputs(holdout, holdout.rows), compression_algorithm=algorithm
            )
            holdout.check(holdout.classes(result.as_numpy))
    return "gzip and deflate, " + demo.report(holdouts)


async def errors(client, holdouts):
    holdout = holdouts[0]
    try:
        await client.infer("nobody", inputs(holdout, holdout.rows[:1]))
        raise AssertionError("no error")
    except InferenceServerException as e:
        expected(e.status(), "StatusCode.NOT_FOUND", "status")
    return "an unknown model is NOT_FOUND"


async def deadlines_and_cancellation(client, holdouts):
    executions = await executed(client)
    slow = asyncio.create_task(client.infer("slow", slow_inputs(2000)))
    # until it is in: the others are to find the replica taken
    await asyncio.sleep(0.2)
    try:
        await client.infer("slow", slow_inputs(1), client_timeout=0.1)
        raise AssertionError("no error")
    except InferenceServerException as e:
        expected(e.status(), "StatusCode.DEADLINE_EXCEEDED", "status")
    call = asyncio.create_task(client.infer("slow", slow_inputs(1)))
    await asyncio.sleep(0.05)
    call.cancel()
    (outcome,) = await asyncio.gather(call, return_exceptions=True)
    assert isinstance(outcome, asyncio.CancelledError), outcome
    assert not slow.done(), "the slow request was too quick: nothing has waited behind it"
    await slow
    await client.infer("slow", slow_inputs(1))
    expected(await executed(client) - executions, 2, "executions: the slow one and the last one")
    return "an expired and a cancelled request were never run"


async def executed(client):
    (stats,) = (await client.get_inference_statistics("slow")).model_stats
    return stats.execution_count


def slow_inputs(rows):
    return [tensor("x", np.zeros((rows, 16), np.float32))]


def inputs(holdout, rows):
    return [tensor(holdout.input_name, rows)]


def tensor(name, values):
    value = aioclient.InferInput(name, list(values.shape), "FP32")
    value.set_data_from_numpy(values)
    return value


if __name__ == "__main__":
    checks = [descriptions, predictions, compression, errors, deadlines_and_cancellation]
    demo.main_async(checks, aioclient.InferenceServerClient)
