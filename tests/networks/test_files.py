"""Weights and ONNX files: what is read, and how damage is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.networks.onnx_graph import read_onnx
from syncml.networks.onnx_node import load_onnx
from syncml.networks.weights import load_weights, save_weights

onnx = pytest.importorskip("onnx")


def model(operator: str = "Tanh", opset: int = 13) -> bytes:
    helper: Any = onnx.helper
    node = helper.make_node(operator, ["x"], ["y"], name="squash")
    value = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["N", 3]) for n in ("x", "y")]
    graph = helper.make_graph([node], "g", value[:1], value[1:])
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString())


def code(call: Any) -> str:
    with pytest.raises(DiagnosticError) as caught:
        call()
    return caught.value.diagnostics[0].code


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_weights_round_trip(tmp_path: Path, suffix: str) -> None:
    weights = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(2, dtype=np.float32)}
    path = tmp_path / f"w{suffix}"
    if suffix == ".npz":
        np.savez(path, **weights)
    else:
        save_weights(path, weights)
    read = load_weights(path, {"w": (2, 3)})
    assert list(read) == ["w"]
    assert np.array_equal(read["w"], weights["w"])


def test_faulty_weights_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, {"w": np.full((2, 3), np.nan, dtype=np.float32), "v": np.ones(4, dtype=np.float32)})
    with pytest.raises(DiagnosticError) as caught:
        load_weights(path, {"w": (2, 3), "v": (3,), "u": (1,)})
    assert [d.code for d in caught.value.diagnostics] == ["D003"] * 3
    path.write_bytes(path.read_bytes()[:40])
    assert code(lambda: load_weights(path)) == "D004"
    (tmp_path / "w.npz").write_bytes(b"PK\x03\x04 not an archive")
    assert code(lambda: load_weights(tmp_path / "w.npz")) == "D004"
    assert code(lambda: load_weights(tmp_path / "absent.npz")) == "D001"
    assert code(lambda: load_weights(tmp_path / "weights.txt")) == "D001"


def test_an_onnx_graph_is_read_with_a_batch_of_one(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(model())
    graph = read_onnx(path)
    assert graph.inputs == {"x": (1, 3)}
    assert [(n.operator, n.name, n.inputs, n.outputs) for n in graph.nodes] == [("Tanh", "squash", ("x",), ("y",))]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (model()[:30], "D004"),
        (b"", "D004"),
        (b"no model at all", "D004"),
        (model("Det"), "D005"),
        (model("Tanh", 3), "D005"),
    ],
)
def test_faulty_onnx_files_are_reported(tmp_path: Path, data: bytes, expected: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    assert code(lambda: load_onnx(path)) == expected


def test_the_message_names_the_operator_and_its_node(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(model("Det"))
    with pytest.raises(DiagnosticError, match=r"operator Det \(node squash\)"):
        load_onnx(tmp_path / "m.onnx")
