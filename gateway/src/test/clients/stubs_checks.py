# SPDX-License-Identifier: Apache-2.0
"""Checks of a gateway with stubs that grpcio-tools generates from our own proto."""

import importlib
import subprocess
import sys
import tempfile

import grpc
import numpy as np

import demo
from demo import expected


def typed_and_raw_inputs(address, holdouts):
    with tempfile.TemporaryDirectory() as generated:
        messages, services = generate(generated)
    with grpc.insecure_channel(address) as channel:
        stub = services.GRPCInferenceServiceStub(channel)
        assert stub.ServerLive(messages.ServerLiveRequest()).live
        for holdout in holdouts:
            metadata = stub.ModelMetadata(messages.ModelMetadataRequest(name=holdout.model))
            dtypes = {o.name: {"FP32": "<f4", "INT64": "<i8"}[o.datatype] for o in metadata.outputs}
            typed = request(messages, holdout)
            typed.inputs[0].contents.fp32_contents.extend(holdout.rows.reshape(-1).tolist())
            raw = request(messages, holdout)
            raw.raw_input_contents.append(holdout.rows.astype("<f4").tobytes())
            answers = [stub.ModelInfer(r) for r in (typed, raw)]
            for answer in answers:
                expected((answer.id, answer.model_name, answer.model_version), ("7", holdout.model, "1"), "answer")
                holdout.check(holdout.classes(arrays(answer, dtypes).get))
            expected(answers[0], answers[1], f"answer of {holdout.model} to raw inputs")
    return demo.report(holdouts)


def generate(folder):
    files = [str(f) for f in sorted(demo.PROTOS.glob("*.proto"))]
    options = ["-I", str(demo.PROTOS), "--python_out", folder, "--grpc_python_out", folder]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *options, *files], check=True)
    sys.path.insert(0, folder)
    return importlib.import_module("inference_pb2"), importlib.import_module("inference_pb2_grpc")


def request(messages, holdout):
    value = messages.ModelInferRequest(model_name=holdout.model, id="7")
    value.inputs.add(name=holdout.input_name, datatype=holdout.datatype, shape=holdout.rows.shape)
    return value


def arrays(answer, dtypes):
    """The outputs by name; a protobuf answer carries them as raw bytes."""
    expected(len(answer.raw_output_contents), len(answer.outputs), "raw outputs")
    return {
        o.name: np.frombuffer(raw, dtypes[o.name]).reshape(list(o.shape))
        for o, raw in zip(answer.outputs, answer.raw_output_contents)
    }


if __name__ == "__main__":
    demo.main([typed_and_raw_inputs])
