"""Networks as ONNX files, and what syncml makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, f32, node
from syncml.lang.load import program_of
from syncml.networks.onnx_node import Network, load_onnx
from syncml.pipeline import check
from syncml.sim.interpreter import interpret

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
helper: Any = onnx.helper
Array = np.ndarray[Any, Any]


def array(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed + sum(shape)).normal(size=shape).astype(np.float32)


def write(
    folder: Path,
    nodes: Sequence[Any],
    shape: Sequence[int | str],
    weights: dict[str, Array],
    opset: int = 13,
    out: str = "y",
    kind: int = 1,
) -> Path:
    """A model with the input ``x``, of elements of a kind (by its number in ONNX), and the output ``y``."""
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", kind, list(shape))],
        [helper.make_tensor_value_info(out, onnx.TensorProto.FLOAT, ["N"])],
        [onnx.numpy_helper.from_array(np.asarray(w), name) for name, w in weights.items()],
    )
    path = folder / "m.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString())
    return path


def outputs(network: Network, x: Array) -> Array:
    """A network at each row of ``x``, by the interpreter."""

    kind = getattr(network, "kind", f32)

    @node
    def top(x: Stream[Vec[x.shape[1], kind]]) -> Stream[Any]:  # type: ignore[name-defined]
        return network(x)

    checked = check(program_of(top))
    return interpret(checked.program, {"x": x}, len(x)).trace.column(checked.main.outputs[0].name).values


def streamed(path: Path, x: Array) -> Array:
    """The network in a file at each row of ``x``."""
    return outputs(load_onnx(path), x)


def agrees(path: Path, shape: tuple[int, ...], ticks: int = 3) -> None:
    """The network computes what the reference evaluator computes."""
    x = array(ticks, int(np.prod(shape)), seed=5)
    evaluator = reference.ReferenceEvaluator(str(path))
    expected = [np.asarray(evaluator.run(None, {"x": row.reshape(shape)})[0]).reshape(-1) for row in x]
    assert streamed(path, x) == pytest.approx(np.array(expected), abs=1e-5, rel=1e-5)


def op(kind: str, inputs: Sequence[str], outputs: Sequence[str] = ("y",), **attributes: Any) -> Any:
    return helper.make_node(kind, list(inputs), list(outputs), name=f"{kind}_1", **attributes)
