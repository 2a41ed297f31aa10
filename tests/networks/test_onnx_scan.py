"""Scan of ONNX: its directions and axes against the formula, and against onnxruntime where it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.networks.onnx_node import load_onnx
from tests.networks.models import Array, array, helper, onnx, op, outputs

FLOAT = 1
GAIN = array(2, seed=4)


def body(kind: str = "Tanh") -> Any:
    """``s' = tanh(0.5 s + x + z)``, ``y = s' * gain`` and ``w = s - z``, with the gain of the graph around it."""
    names = {"s": [2], "x": [2], "z": [2], "s1": [2], "y": [2], "w": [2]}
    value = {n: helper.make_tensor_value_info(n, FLOAT, extents) for n, extents in names.items()}
    nodes = [
        op("Mul", ["s", "half"], ["a"]),
        op("Add", ["a", "x"], ["b"]),
        op("Add", ["b", "z"], ["c"]),
        op(kind, ["c"], ["s1"]),
        op("Mul", ["s1", "gain"], ["y"]),
        op("Sub", ["s", "z"], ["w"]),
    ]
    for number, made in enumerate(nodes):
        made.name = f"inner {number}"
    half = onnx.numpy_helper.from_array(np.float32(0.5), "half")
    return helper.make_graph(nodes, "body", [value[n] for n in "sxz"], [value[n] for n in ("s1", "y", "w")], [half])


def model(folder: Path, result: str, kind: str = "Tanh", **attributes: Any) -> Path:
    """A Scan over two tensors of the input ``v`` (4, 2, 2): one along its second axis, one along its first."""
    axes, whole = attributes.get("scan_output_axes", [0, 0]), [[2, 4], [4, 2]]
    nodes = [
        op("Split", ["v", "sizes"], ["p", "q"], axis=1),
        op("Squeeze", ["p", "k"], ["rows"]),
        op("Squeeze", ["q", "k"], ["other"]),
        op("Transpose", ["rows"], ["columns"], perm=[1, 0]),
        helper.make_node(
            "Scan", ["start", "columns", "other"], ["last", "ys", "ws"], body=body(kind), num_scan_inputs=2,
            scan_input_axes=[1, 0], **attributes,
        ),
    ]  # fmt: skip
    extents = {"last": [2], "ys": whole[axes[0] == 0], "ws": whole[axes[1] % 2 == 0]}
    for number, made in enumerate(nodes):
        made.name = f"node {number}"
    constants = {"gain": GAIN, "start": array(2, seed=8), "k": np.array([1]), "sizes": np.array([1, 1])}
    graph = helper.make_graph(
        nodes,
        "scan",
        [helper.make_tensor_value_info("v", FLOAT, [4, 2, 2])],
        [helper.make_tensor_value_info(result, FLOAT, extents[result])],
        [onnx.numpy_helper.from_array(w, n) for n, w in constants.items()],
    )
    path = folder / "scan.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    )
    return path


def formula(v: Array, directions: list[int], results: list[int], axes: list[int]) -> dict[str, Array]:
    s, x, z = array(2, seed=8), v[:, 0], v[:, 1]
    ys: list[Array] = []
    ws: list[Array] = []
    for t in range(4):
        at = [3 - t if back else t for back in directions]
        before, s = s, np.tanh(np.float32(0.5) * s + x[at[0]] + z[at[1]])
        ys.append(s * GAIN)
        ws.append(before - z[at[1]])
    whole = [np.stack(p[::-1] if back else p, axis=a) for p, back, a in zip((ys, ws), results, axes, strict=True)]
    return {"last": s, "ys": whole[0], "ws": whole[1]}


@pytest.mark.parametrize("result", ["last", "ys", "ws"])
@pytest.mark.parametrize("axes", [[0, 0], [1, -1]])
@pytest.mark.parametrize(
    ("directions", "results"), [([0, 0], [0, 0]), ([1, 0], [0, 1]), ([0, 1], [1, 0]), ([1, 1], [1, 1])]
)
def test_directions_and_axes(
    tmp_path: Path, directions: list[int], results: list[int], axes: list[int], result: str
) -> None:
    path = model(
        tmp_path, result, scan_input_directions=directions, scan_output_directions=results, scan_output_axes=axes
    )
    v = array(4, 2, 2, seed=9)
    found = outputs(load_onnx(path), v.reshape(1, -1))
    np.testing.assert_allclose(found.reshape(-1), formula(v, directions, results, axes)[result].reshape(-1), atol=1e-6)
    try:
        import onnxruntime  # type: ignore[import-not-found]
    except ImportError:
        return
    (theirs,) = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"v": v})
    np.testing.assert_allclose(found.reshape(-1), theirs.reshape(-1), atol=1e-5)


def test_an_operator_in_a_body_that_is_not_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError) as caught:
        load_onnx(model(tmp_path, "last", kind="Det"))
    assert caught.value.diagnostics[0].code == "D005"
    assert "operator Det" in caught.value.diagnostics[0].message
