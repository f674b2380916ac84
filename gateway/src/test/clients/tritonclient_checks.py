# SPDX-License-Identifier: Apache-2.0
"""Checks of a gateway with tritonclient, the blocking one."""

import queue
import threading
import time

import numpy as np
import tritonclient.grpc as grpcclient
from tritonclient.utils import InferenceServerException

import demo
from demo import expected


def health(address, holdouts):
    with grpcclient.InferenceServerClient(address) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        for holdout in holdouts:
            assert client.is_model_ready(holdout.model)
            assert client.is_model_ready(holdout.model, "1")
            assert not client.is_model_ready(holdout.model, "77")
        assert not client.is_model_ready("nobody")
    return "live and ready, with all models"


def descriptions(address, holdouts):
    with grpcclient.InferenceServerClient(address) as client:
        server = client.get_server_metadata()
        assert server.name and server.version, server
        assert "statistics" in server.extensions, server.extensions
        index = {(m.name, m.version): m.state for m in client.get_model_repository_index().models}
        for holdout in holdouts:
            expected(index.get((holdout.model, "1")), "READY", f"state of {holdout.model} in the index")
            check_metadata(client.get_model_metadata(holdout.model), holdout)
            check_config(client.get_model_config(holdout.model).config, holdout)
            expected(client.get_model_metadata(holdout.model, as_json=True)["name"], holdout.model, "JSON")
    return f"metadata, configuration and index of {len(holdouts)} models"


def check_metadata(metadata, holdout):
    expected(metadata.name, holdout.model, "name")
    expected(list(metadata.versions), ["1"], "versions")
    (tensor,) = metadata.inputs
    expected((tensor.name, tensor.datatype), (holdout.input_name, holdout.datatype), "input")
    expected(list(tensor.shape), [-1, *holdout.rows.shape[1:]], "shape")
    assert holdout.score_output in [o.name for o in metadata.outputs], metadata


def check_config(config, holdout):
    expected(config.name, holdout.model, "name")
    assert config.max_batch_size > 1, config
    (tensor,) = config.input
    # without the batch dimension, as Triton writes it
    expected(list(tensor.dims), list(holdout.rows.shape[1:]), "dims")
    assert holdout.score_output in [o.name for o in config.output], config


def statistics(address, holdouts):
    with grpcclient.InferenceServerClient(address) as client:
        holdout = holdouts[0]
        before = model_statistics(client, holdout.model)
        infer(client, holdout, holdout.rows[:3])
        after = model_statistics(client, holdout.model)
        expected(after.version, "1", "version")
        expected(after.inference_count - before.inference_count, 3, "rows")
        for name in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
            was, now = (getattr(s.inference_stats, name) for s in (before, after))
            expected(now.count - was.count, 1, f"{name} count")
            assert now.ns >= was.ns, (name, was, now)
        everything = client.get_inference_statistics().model_stats
        assert {h.model for h in holdouts} <= {s.name for s in everything}, everything
    return "counts of one request of 3 rows"


def model_statistics(client, model):
    (stats,) = client.get_inference_statistics(model).model_stats
    return stats


def predictions_of_whole_sets(address, holdouts):
    with grpcclient.InferenceServerClient(address) as client:
        for holdout in holdouts:
            result = infer(client, holdout, holdout.rows, request_id="all rows")
            expected(result.get_response().id, "all rows", "id")
            holdout.check(holdout.classes(result.as_numpy))
    return demo.report(holdouts)


def predictions_row_by_row(address, holdouts):
    with grpcclient.InferenceServerClient(address) as client:
        for holdout in holdouts:
            results = [infer(client, holdout, row) for row in each_row(holdout)]
            holdout.check(np.concatenate([holdout.classes(r.as_numpy) for r in results]))
    return demo.report(holdouts)


def requested_outputs(address, holdouts):
    with grpcclient.InferenceServerClient(address) as client:
        for holdout in holdouts:
            outputs = [grpcclient.InferRequestedOutput(holdout.score_output)]
            response = infer(client, holdout, holdout.rows[:2], outputs=outputs).get_response()
            expected([o.name for o in response.outputs], [holdout.score_output], "outputs")
    return "one output of each model alone"


def gzip(address, holdouts):
    return compressed(address, holdouts, "gzip")


def deflate(address, holdouts):
    return compressed(address, holdouts, "deflate")


def compressed(address, holdouts, algorithm):
    with grpcclient.InferenceServerClient(address) as client:
        for holdout in holdouts:
            result = infer(client, holdout, holdout.rows, compression_algorithm=algorithm)
            holdout.check(holdout.classes(result.as_numpy))
    return demo.report(holdouts)


def async_infer(address, holdouts):
    with grpcclient.InferenceServerClient(address) as client:
        for holdout in holdouts:
            answers = queue.SimpleQueue()
            for i, row in enumerate(each_row(holdout)):
                client.async_infer(
                    holdout.model,
                    inputs(holdout, row),
                    # the index by default value: the callback comes when the loop is elsewhere
                    lambda result, error, i=i: answers.put((i, result, error)),
                    request_id=str(i),
                )
            classes = np.full(len(holdout.rows), -1)
            for _ in holdout.rows:
                i, result, error = answers.get(timeout=60)
                assert error is None, error
                expected(result.get_response().id, str(i), "id")
                classes[i] = holdout.classes(result.as_numpy)[0]
            holdout.check(classes)
    return demo.report(holdouts)


def errors(address, holdouts):
    holdout = holdouts[0]
    wide = np.zeros((1, 777), np.float32)
    with grpcclient.InferenceServerClient(address) as client:
        row = holdout.rows[:1]
        fails("NOT_FOUND", "nobody", lambda: client.infer("nobody", inputs(holdout, row)))
        fails("NOT_FOUND", "77", lambda: infer(client, holdout, row, model_version="77"))
        fails("INVALID_ARGUMENT", "one", lambda: infer(client, holdout, row, model_version="one"))
        fails("INVALID_ARGUMENT", "777", lambda: infer(client, holdout, wide))
        fails("INVALID_ARGUMENT", "FP64", lambda: infer(client, holdout, row.astype(np.float64), datatype="FP64"))
        output = [grpcclient.InferRequestedOutput("nothing")]
        fails("INVALID_ARGUMENT", "nothing", lambda: infer(client, holdout, row, outputs=output))
        fails("NOT_FOUND", "nobody", lambda: client.get_model_metadata("nobody"))
        fails("NOT_FOUND", "nobody", lambda: client.get_model_config("nobody"))
        fails("NOT_FOUND", "nobody", lambda: client.get_inference_statistics("nobody"))
        fails("UNIMPLEMENTED", "", client.get_system_shared_memory_status)
        infer(client, holdout, row)
    return "10 wrong requests, each with its status"


def fails(status, mentioned, call):
    try:
        call()
    except InferenceServerException as e:
        expected(e.status(), f"StatusCode.{status}", f"status of '{e.message()}'")
        assert mentioned in e.message(), f"'{e.message()}' (expected to mention '{mentioned}')"
        return
    raise AssertionError(f"no error (expected {status})")


def client_timeout(address, holdouts):
    with grpcclient.InferenceServerClient(address) as client:
        with Busy(client) as busy:
            started = time.monotonic()
            fails("DEADLINE_EXCEEDED", "", lambda: client.infer("slow", busy.inputs(1), client_timeout=0.1))
            elapsed = time.monotonic() - started
        assert elapsed < busy.seconds, f"{elapsed} s (expected less than the {busy.seconds} s of the other)"
    return "a request past its deadline was given up and never run"


def cancellation(address, holdouts):
    with grpcclient.InferenceServerClient(address) as client:
        with Busy(client) as busy:
            ended = queue.SimpleQueue()
            for _ in range(5):
                call = client.async_infer("slow", busy.inputs(1), lambda result, error: ended.put(error))
                time.sleep(0.01)
                call.cancel()
            for _ in range(5):
                expected(ended.get(timeout=60).status(), "StatusCode.CANCELLED", "status")
    return "5 cancelled requests were never run"


class Busy:
    """Keeps the only replica of the model 'slow' busy, and checks that nothing else that came meanwhile was run."""

    def __init__(self, client):
        self.client = client
        self.answered = threading.Event()

    def __enter__(self):
        self.executions = self.executed()
        self.started = time.monotonic()
        self.client.async_infer("slow", self.inputs(2000), self.answer)
        # until it is in: others are to find the replica taken
        time.sleep(0.2)
        return self

    def answer(self, result, error):
        self.seconds = time.monotonic() - self.started
        self.error = error
        self.answered.set()

    def __exit__(self, kind, failure, trace):
        if kind:
            return
        was_busy = not self.answered.is_set()
        assert self.answered.wait(60), "no answer"
        assert self.error is None, self.error
        assert was_busy, f"the slow request took {self.seconds} s only: nothing has waited behind it"
        self.client.infer("slow", self.inputs(1))
        expected(self.executed() - self.executions, 2, "executions: the slow one and the last one")

    def executed(self):
        return model_statistics(self.client, "slow").execution_count

    @staticmethod
    def inputs(rows):
        tensor = grpcclient.InferInput("x", [rows, 16], "FP32")
        tensor.set_data_from_numpy(np.zeros((rows, 16), np.float32))
        return [tensor]


def each_row(holdout):
    """The rows, each as a batch of one."""
    return np.split(holdout.rows, len(holdout.rows))


def infer(client, holdout, rows, datatype=None, **options):
    return client.infer(holdout.model, inputs(holdout, rows, datatype), **options)


def inputs(holdout, rows, datatype=None):
    tensor = grpcclient.InferInput(holdout.input_name, list(rows.shape), datatype or holdout.datatype)
    tensor.set_data_from_numpy(rows)
    return [tensor]


if __name__ == "__main__":
    demo.main(
        [
            health,
            descriptions,
            statistics,
            predictions_of_whole_sets,
            predictions_row_by_row,
            requested_outputs,
            gzip,
            deflate,
            async_infer,
            errors,
            client_timeout,
            cancellation,
        ]
    )
