"""ONNX operators against the reference evaluator of the onnx package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, node
from syncml.diagnostics.model import DiagnosticError
from syncml.lang.load import program_of
from syncml.networks.onnx_node import load_onnx
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
) -> Path:
    """A model with the input ``x`` and the output ``y``."""
    kinds = {"f": onnx.TensorProto.FLOAT}
    graph = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", kinds["f"], list(shape))],
        [helper.make_tensor_value_info(out, kinds["f"], ["N"])],
        [onnx.numpy_helper.from_array(w, name) for name, w in weights.items()],
    )
    path = folder / "m.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString())
    return path


def streamed(path: Path, x: Array) -> Array:
    """The network at each row of ``x``, by the interpreter."""
    network = load_onnx(path)

    @node
    def top(x: Stream[Vec[x.shape[1]]]) -> Stream[Vec[Any]]:  # type: ignore[name-defined]
        return network(x)

    checked = check(program_of(top))
    return interpret(checked.program, {"x": x}, len(x)).trace.column(checked.main.outputs[0].name).values


def agrees(path: Path, shape: tuple[int, ...], ticks: int = 3) -> None:
    x = array(ticks, int(np.prod(shape)), seed=5)
    evaluator = reference.ReferenceEvaluator(str(path))
    expected = [evaluator.run(None, {"x": row.reshape(shape)})[0].reshape(-1) for row in x]
    assert streamed(path, x) == pytest.approx(np.array(expected), abs=1e-5, rel=1e-5)


def op(kind: str, inputs: Sequence[str], outputs: Sequence[str] = ("y",), **attributes: Any) -> Any:
    return helper.make_node(kind, list(inputs), list(outputs), name=f"{kind}_1", **attributes)


CASES: dict[str, tuple[list[Any], tuple[int, ...], dict[str, Array]]] = {
    "gemm": ([op("Gemm", ["x", "w", "b"], transB=1, alpha=0.5, beta=2.0)], (1, 4),
             {"w": array(3, 4), "b": array(3)}),
    "gemm transposed input": ([op("Gemm", ["x", "w"], transA=1)], (4, 1), {"w": array(4, 3)}),
    "matmul add relu": ([op("MatMul", ["x", "w"], ["a"]), op("Add", ["a", "b"], ["c"]), op("Relu", ["c"])], (1, 4),
                        {"w": array(4, 3), "b": array(3)}),
    "matmul of matrices": ([op("MatMul", ["x", "w"])], (2, 4), {"w": array(4, 3)}),
    "weights on the left": ([op("MatMul", ["w", "x"])], (4, 2), {"w": array(3, 4)}),
    "sub mul": ([op("Sub", ["x", "m"], ["a"]), op("Mul", ["a", "m"])], (1, 4), {"m": array(1, 4)}),
    "tanh sigmoid": ([op("Tanh", ["x"], ["a"]), op("Sigmoid", ["a"])], (2, 3), {}),
    "flatten": ([op("Flatten", ["x"], ["a"], axis=1), op("MatMul", ["a", "w"])], (1, 2, 3), {"w": array(6, 2)}),
    "reshape": ([op("Reshape", ["x", "s"])], (2, 6), {"s": np.array([0, -1, 2])}),
    "squeeze unsqueeze": ([op("Squeeze", ["x", "k"], ["a"]), op("Unsqueeze", ["a", "k"])], (1, 3),
                          {"k": np.array([0])}),
    "transpose": ([op("Transpose", ["x"], perm=[1, 0])], (2, 3), {}),
    "concat": ([op("Tanh", ["x"], ["a"]), op("Concat", ["x", "a", "w"], axis=1)], (1, 3), {"w": array(1, 2)}),
    "slice": ([op("Slice", ["x", "s", "e", "k"])], (2, 6),
              {"s": np.array([1, -4]), "e": np.array([2, 1000]), "k": np.array([0, 1])}),
    "convolution over everything": ([op("Conv", ["x", "w", "b"], ["a"]), op("Flatten", ["a"])], (1, 2, 3, 4),
                                    {"w": array(5, 2, 3, 4), "b": array(5)}),
    "folded weights": ([op("Transpose", ["w"], ["t"], perm=[1, 0]), op("MatMul", ["x", "t"])], (1, 4),
                       {"w": array(3, 4)}),
    "identity": ([op("Identity", ["x"])], (1, 3), {}),
    "rnn over an axis": ([op("RNN", ["x", "w", "r", "b"], hidden_size=3)], (4, 1, 2),
                         {"w": array(1, 3, 2), "r": array(1, 3, 3), "b": array(1, 6)}),
    "gru over an axis": ([op("GRU", ["x", "w", "r", "b"], hidden_size=3)], (4, 1, 2),
                         {"w": array(1, 9, 2), "r": array(1, 9, 3), "b": array(1, 18)}),
    "gru reset after": ([op("GRU", ["x", "w", "r", "b"], hidden_size=3, linear_before_reset=1)], (4, 1, 2),
                        {"w": array(1, 9, 2), "r": array(1, 9, 3), "b": array(1, 18)}),
    "lstm over an axis": ([op("LSTM", ["x", "w", "r", "b"], hidden_size=3)], (4, 1, 2),
                          {"w": array(1, 12, 2), "r": array(1, 12, 3), "b": array(1, 24)}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_operators_agree_with_the_reference(tmp_path: Path, case: str) -> None:
    nodes, shape, weights = CASES[case]
    agrees(write(tmp_path, nodes, shape, weights), shape)


@pytest.mark.parametrize(("kind", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
def test_a_recurrent_operator_keeps_its_state_from_instant_to_instant(tmp_path: Path, kind: str, gates: int) -> None:
    weights = {"w": array(1, gates * 3, 2), "r": array(1, gates * 3, 3), "b": array(1, gates * 6)}
    operators = [op(kind, ["x", "w", "r", "b"], ["s"], hidden_size=3), op("Squeeze", ["s", "k"])]
    weights["k"] = np.array([1, 2])
    path = write(tmp_path, operators, ("T", 1, 2), weights)
    x = array(6, 2)
    (expected,) = reference.ReferenceEvaluator(str(path)).run(None, {"x": x.reshape(6, 1, 2)})
    assert streamed(path, x) == pytest.approx(expected.reshape(6, 3), abs=1e-5)


def test_slice_with_attributes_of_old_opsets(tmp_path: Path) -> None:
    path = write(tmp_path, [op("Slice", ["x"], starts=[1], ends=[3], axes=[1])], (1, 4), {}, opset=9)
    agrees(path, (1, 4))


@pytest.mark.parametrize(
    ("nodes", "shape", "weights", "words"),
    [
        ([op("Conv", ["x", "w"])], (1, 1, 5, 5), {"w": array(2, 1, 3, 3)}, "Conv"),
        ([op("Slice", ["x", "s", "e", "k", "t"])], (1, 6),
         {"s": np.array([0]), "e": np.array([6]), "k": np.array([1]), "t": np.array([2])}, "steps"),
        ([op("GRU", ["x", "w", "r"], direction="reverse", hidden_size=3)], (1, 1, 2),
         {"w": array(1, 9, 2), "r": array(1, 9, 3)}, "backward"),
        ([op("RNN", ["x", "w", "r"], hidden_size=3, activations=["Sigmoid"])], (1, 1, 2),
         {"w": array(1, 3, 2), "r": array(1, 3, 3)}, "activations"),
    ],
)  # fmt: skip
def test_uses_that_are_not_supported_name_the_node(
    tmp_path: Path, nodes: list[Any], shape: tuple[int, ...], weights: dict[str, Array], words: str
) -> None:
    path = write(tmp_path, nodes, shape, weights)
    with pytest.raises(DiagnosticError) as caught:
        streamed(path, array(1, int(np.prod(shape))))
    (found,) = caught.value.diagnostics
    assert found.code == "D005"
    assert words in found.message
    assert nodes[0].name in found.message


def test_an_input_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, [op("Tanh", ["x"])], (1, 3), {})
    with pytest.raises(DiagnosticError, match="D003"):
        streamed(path, array(1, 4))
