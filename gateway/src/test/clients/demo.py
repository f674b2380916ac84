# SPDX-License-Identifier: Apache-2.0
"""The demo models' held-back rows, and the command line that all check scripts share."""

import asyncio
import json
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[4]
PROTOS = ROOT / "proto/src/main/protobuf"


class Holdout:
    """Rows that a demo model has not seen in training, and what it answered to its training script."""

    def __init__(self, file):
        content = json.loads(file.read_text())
        tensor = content["input"]
        assert tensor["datatype"] == "FP32", tensor
        self.model = content["model"]
        self.input_name = tensor["name"]
        self.datatype = tensor["datatype"]
        # in the file each row is one flat list
        self.rows = np.array(content["rows"], np.float32).reshape(tensor["shape"])
        self.label_output = content["label_output"]
        self.score_output = content["score_output"]
        self.labels = np.array(content["labels"])
        self.predictions = np.array(content["predictions"])
        self.accuracy = content["accuracy"]

    def classes(self, output):
        """The class of each row, where output gives an output of the model by its name."""
        if self.label_output:
            return output(self.label_output).reshape(-1)
        return output(self.score_output).argmax(axis=1)

    def check(self, classes):
        """Checks the answers for all rows."""
        expected(classes.tolist(), self.predictions.tolist(), f"classes of {self.model}")
        expected(np.mean(classes == self.labels), self.accuracy, f"accuracy of {self.model}")


def expected(actual, wanted, what):
    assert actual == wanted, f"{what}: {actual} (expected {wanted})"


def report(holdouts):
    """What a check that asked all models for all rows has to tell."""
    rows = sum(len(h.rows) for h in holdouts)
    accuracy = ", ".join(f"{h.model} {h.accuracy:.4f}" for h in holdouts)
    return f"{len(holdouts)} models, {rows} rows, accuracy {accuracy}"


def main(checks):
    """Runs the checks named on the command line after the gateway's address, and prints the report of each."""
    address, *names = sys.argv[1:]
    holdouts = [Holdout(f) for f in sorted((ROOT / "deploy/demo/holdout").glob("*.json"))]
    assert holdouts, "no held-back rows"
    known = {check.__name__: check for check in checks}
    for name in names:
        print(f"{name.replace('_', ' ')}: {known[name](address, holdouts)}", flush=True)


def main_async(checks, new_client):
    """The same for checks that are coroutines: each gets a client instead of the address."""
    main([blocking(check, new_client) for check in checks])


def blocking(check, new_client):
    async def with_client(address, holdouts):
        async with new_client(address) as client:
            return await check(client, holdouts)

    def run(address, holdouts):
        return asyncio.run(with_client(address, holdouts))

    run.__name__ = check.__name__
    return run
