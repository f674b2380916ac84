# SPDX-License-Identifier: Apache-2.0
"""Trains the three demo models, exports them to ONNX and writes their held-back rows.

    python train.py

Everything comes from the data sets bundled with scikit-learn; nothing is downloaded.
Writes, beside this file:

    models/<name>/1/model.onnx    the demo model repository
    holdout/<name>.json           rows the model never saw, their labels, and what the ONNX file says
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

HERE = Path(__file__).resolve().parent
SEED = 7
OPSET = 18
ML_OPSET = 3


def split(data, held_back):
    """Splits a bundled data set into train and held-back rows, as float32 from the start:
    the ONNX models take float32, so the frameworks must see the very same numbers."""
    return train_test_split(
        data.data.astype(np.float32), data.target.astype(np.int64),
        test_size=held_back, random_state=SEED, stratify=data.target)


def iris():
    data = load_iris()
    x_train, x_test, y_train, y_test = split(data, 45)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(x_train, y_train)
    graph = sklearn_to_onnx("iris", model, 4)
    publish("iris", graph, x_test, y_test, data.target_names,
            label_output="label", score_output="probabilities",
            own_predictions=model.predict(x_test), own_scores=model.predict_proba(x_test))


class DigitsNet(torch.nn.Module):
    """Takes the raw pixels, 0 to 16, and scales them itself."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.ReLU(),
            torch.nn.Conv2d(16, 32, 3, padding=1), torch.nn.ReLU(),
            torch.nn.MaxPool2d(2), torch.nn.Flatten(),
            torch.nn.Linear(32 * 4 * 4, 64), torch.nn.ReLU(),
            torch.nn.Linear(64, 10))

    def forward(self, pixels):
        return self.layers(pixels / 16.0)


def digits():
    data = load_digits()
    x_train, x_test, y_train, y_test = split(data, 360)
    x_train = x_train.reshape(-1, 1, 8, 8)
    x_test = x_test.reshape(-1, 1, 8, 8)

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    net = DigitsNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    rows = torch.utils.data.TensorDataset(torch.from_numpy(x_train), torch.from_numpy(y_train))
    for _ in range(40):
        for pixels, label in torch.utils.data.DataLoader(rows, batch_size=64, shuffle=True):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(pixels), label).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        logits = net(torch.from_numpy(x_test)).numpy()

    program = torch.onnx.export(
        net, (torch.from_numpy(x_train[:2]),), dynamo=True, verbose=False,
        opset_version=OPSET, input_names=["input"], output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch")},))
    publish("digits", program.model_proto, x_test, y_test, data.target_names,
            label_output=None, score_output="logits",
            own_predictions=logits.argmax(axis=1), own_scores=logits)


def breast_cancer():
    data = load_breast_cancer()
    x_train, x_test, y_train, y_test = split(data, 114)
    model = XGBClassifier(n_estimators=100, max_depth=3, learning_rate=0.2,
                          random_state=SEED, n_jobs=1)
    model.fit(x_train, y_train)
    # onnxmltools alone stops at opset 15; its converter, called by skl2onnx, does not.
    update_registered_converter(
        XGBClassifier, "XGBoostXGBClassifier", calculate_linear_classifier_output_shapes,
        convert_xgboost, options={"nocl": [True, False], "zipmap": [True, False, "columns"]})
    graph = sklearn_to_onnx("breast-cancer", model, 30)
    publish("breast-cancer", graph, x_test, y_test, data.target_names,
            label_output="label", score_output="probabilities",
            own_predictions=model.predict(x_test), own_scores=model.predict_proba(x_test))


def sklearn_to_onnx(name, model, features):
    return to_onnx(
        model, name=name,
        initial_types=[("input", FloatTensorType([None, features]))],
        final_types=[("label", None), ("probabilities", None)],
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
        options={"zipmap": False})  # otherwise the probabilities are a list of maps, not a tensor


def publish(name, graph, x_test, y_test, class_names, label_output, score_output,
            own_predictions, own_scores):
    """Stores the model, checks it against the framework it came from, stores the held-back rows."""
    tidy(graph)
    onnx.checker.check_model(graph, full_check=True)
    model_file = HERE / "models" / name / "1" / "model.onnx"
    model_file.parent.mkdir(parents=True, exist_ok=True)
    model_file.write_bytes(graph.SerializeToString(deterministic=True))

    session = ort.InferenceSession(model_file, providers=["CPUExecutionProvider"])
    (model_input,) = session.get_inputs()
    answers = dict(zip([o.name for o in session.get_outputs()],
                       session.run(None, {model_input.name: x_test})))
    scores = answers[score_output]
    predictions = answers[label_output] if label_output else scores.argmax(axis=1)

    rows_off = int((predictions != own_predictions).sum())
    if rows_off:
        raise SystemExit(f"{name}: ONNX and framework disagree on {rows_off} rows")
    np.testing.assert_allclose(scores, own_scores, rtol=1e-3, atol=1e-4,
                               err_msg=f"{name}: ONNX and framework scores differ")

    accuracy = float((predictions == y_test).mean())
    print(f"{name}: {accuracy:.4f} on {len(y_test)} held-back rows")

    flat = x_test.reshape(len(x_test), -1)
    whole = bool((flat == np.rint(flat)).all())
    holdout = {
        "model": name,
        "input": {"name": model_input.name, "datatype": "FP32",
                  "shape": [-1, *x_test.shape[1:]]},
        "label_output": label_output,
        "score_output": score_output,
        "class_names": [str(c) for c in class_names],
        # A Python float holds a float32 exactly, so its repr does too.
        "rows": (flat.astype(np.int64) if whole else flat).tolist(),
        "labels": y_test.tolist(),
        "accuracy": accuracy,
        "predictions": predictions.tolist(),
    }
    holdout_file = HERE / "holdout" / f"{name}.json"
    holdout_file.parent.mkdir(parents=True, exist_ok=True)
    holdout_file.write_text(json.dumps(holdout, separators=(",", ":")) + "\n", encoding="utf-8")


def tidy(graph):
    """Drops what exporters add for debugging (stack traces with paths of this machine) and orders
    the opset imports, which come out of a set: so the same training gives the same file."""
    opsets = sorted((o.domain, o.version) for o in graph.opset_import)
    del graph.opset_import[:]
    graph.opset_import.extend(onnx.helper.make_opsetid(d, v) for d, v in opsets)
    del graph.metadata_props[:]
    del graph.graph.metadata_props[:]
    for part in (*graph.graph.node, *graph.graph.value_info, *graph.graph.input,
                 *graph.graph.output, *graph.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""


if __name__ == "__main__":
    iris()
    digits()
    breast_cancer()
