"""ONNX operators against the reference evaluator of the onnx package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.networks.onnx_node import load_onnx
from tests.networks import models
from tests.networks.models import Array, agrees, array, op, reference, streamed, write

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
    "slice with steps": ([op("Slice", ["x", "s", "e", "k", "t"])], (3, 6),
                         {"s": np.array([0, -1]), "e": np.array([3, -7]), "k": np.array([0, 1]),
                          "t": np.array([2, -2])}),
    "convolution in groups": ([op("Conv", ["x", "w", "b"], group=2, strides=[2, 1], dilations=[1, 2],
                                  pads=[1, 0, 2, 1])], (1, 4, 5, 6), {"w": array(6, 2, 3, 2), "b": array(6)}),
    "depthwise convolution": ([op("Conv", ["x", "w"], group=3, auto_pad="SAME_UPPER", strides=[2, 2])], (1, 3, 5, 6),
                              {"w": array(3, 1, 3, 3)}),
    "convolution of a batch": ([op("Conv", ["x", "w"], auto_pad="SAME_LOWER")], (2, 2, 6), {"w": array(3, 2, 4)}),
    "nhwc": ([op("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]), op("Conv", ["a", "w"], ["c"]),
              op("Transpose", ["c"], perm=[0, 2, 3, 1])], (1, 4, 5, 2), {"w": array(3, 2, 2, 2)}),
    "max pool": ([op("MaxPool", ["x"], kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1], ceil_mode=1)],
                 (1, 2, 6, 5), {}),
    "average pool": ([op("AveragePool", ["x"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 1])],
                     (1, 2, 5, 4), {}),
    "average pool with padding": ([op("AveragePool", ["x"], kernel_shape=[3], pads=[1, 1], count_include_pad=1)],
                                  (1, 2, 5), {}),
    "global pools": ([op("GlobalAveragePool", ["x"], ["a"]), op("GlobalMaxPool", ["x"], ["b"]),
                      op("Sub", ["a", "b"])], (2, 3, 4, 2), {}),
    "batch norm": ([op("BatchNormalization", ["x", "s", "b", "m", "v"], epsilon=1e-3)], (1, 3, 4),
                   {"s": array(3), "b": array(3, seed=1), "m": array(3, seed=2), "v": abs(array(3, seed=3))}),
    "instance norm": ([op("InstanceNormalization", ["x", "s", "b"])], (1, 3, 4), {"s": array(3), "b": array(3)}),
    "softmaxes": ([op("Softmax", ["x"], ["a"], axis=1), op("LogSoftmax", ["a"], axis=-1)], (2, 3, 4), {}),
    "clip elu": ([op("Elu", ["x"], ["a"], alpha=0.5), op("Clip", ["a", "", "h"])], (1, 6), {"h": np.float32(0.3)}),
    "hard sigmoid leaky": ([op("LeakyRelu", ["x"], ["a"], alpha=0.2), op("HardSigmoid", ["a"])], (1, 6), {}),
    "gelu of erf": ([op("Mul", ["x", "r"], ["a"]), op("Erf", ["a"], ["e"]), op("Add", ["e", "o"], ["s"]),
                     op("Mul", ["x", "s"])], (1, 8), {"r": np.float32(0.5**0.5), "o": np.float32(1)}),
    "exp sqrt div pow": ([op("Exp", ["x"], ["a"]), op("Sqrt", ["a"], ["b"]), op("Pow", ["x", "k"], ["c"]),
                          op("Div", ["c", "b"])], (1, 5), {"k": np.float32(2)}),
    "reductions": ([op("ReduceMean", ["x"], ["a"], axes=[1, 3]), op("ReduceMax", ["x"], ["b"], axes=[-1, 1]),
                    op("Sub", ["a", "b"])], (2, 3, 4, 5), {}),
    "reduce sum": ([op("ReduceSum", ["x", "k"], keepdims=0)], (2, 3, 4), {"k": np.array([2, 0])}),
    "gather": ([op("Gather", ["x", "i"], axis=1)], (2, 5), {"i": np.array([[4, 1], [0, -1]])}),
    "gather of a scalar": ([op("Gather", ["x", "i"], ["a"], axis=1), op("Unsqueeze", ["a", "k"])], (2, 5, 3),
                           {"i": np.array(2), "k": np.array([0])}),
    "split": ([op("Split", ["x", "s"], ["a", "b"], axis=1), op("Concat", ["b", "a"], axis=1)], (2, 5),
              {"s": np.array([2, 3])}),
    "pad": ([op("Pad", ["x", "p", "v"])], (2, 3), {"p": np.array([1, 0, 0, 2]), "v": np.float32(7)}),
    "pad by reflection": ([op("Pad", ["x", "p"], mode="reflect")], (1, 4), {"p": np.array([0, 2, 0, 1])}),
    "expand tile where": ([op("Expand", ["x", "s"], ["a"]), op("Tile", ["x", "t"], ["b"]),
                           op("Less", ["a", "o"], ["c"]),
                           op("Where", ["c", "a", "b"])], (1, 3),
                          {"s": np.array([4, 3]), "t": np.array([4, 1]), "o": np.float32(0)}),
    "a shape that is computed": ([op("Shape", ["x"], ["s"]), op("Gather", ["s", "z"], ["n"]),
                                  op("Unsqueeze", ["n", "z1"], ["u"]), op("Concat", ["u", "m"], ["r"], axis=0),
                                  op("Reshape", ["x", "r"])], (2, 3, 2),
                                 {"z": np.array(0), "z1": np.array([0]), "m": np.array([-1])}),
    "weights in integers": ([op("DequantizeLinear", ["w", "s", "z"], ["d"], axis=1), op("MatMul", ["x", "d"])], (1, 4),
                            {"w": np.arange(-6, 6, dtype=np.int8).reshape(4, 3), "s": abs(array(3)),
                             "z": np.array([1, 0, -2], dtype=np.int8)}),
    "product of batches": ([op("Transpose", ["x"], ["t"], perm=[0, 2, 1]), op("MatMul", ["x", "t"])], (2, 3, 4), {}),
    "a constant in the file": ([op("Constant", [], ["c"], value_floats=[1.0, 2.0, 3.0]), op("Add", ["x", "c"])],
                               (1, 3), {}),
    "cast and compare": ([op("Greater", ["x", "o"], ["a"]), op("Cast", ["a"], to=1)], (1, 5), {"o": np.float32(0)}),
    "greatest index": ([op("ArgMax", ["x"], ["a"], axis=1), op("Cast", ["a"], to=1)], (2, 5), {}),
    "depth to space": ([op("DepthToSpace", ["x"], ["a"], blocksize=2), op("SpaceToDepth", ["a"], blocksize=2)],
                       (1, 8, 2, 3), {}),
    "layer norm": ([op("LayerNormalization", ["x", "s", "b"], axis=-2)], (2, 3, 4),
                   {"s": array(3, 4), "b": array(3, 4)}),
    "group norm": ([op("GroupNormalization", ["x", "s", "b"], num_groups=2)], (1, 4, 3),
                   {"s": array(4), "b": array(4)}),
    "gelu": ([op("Gelu", ["x"], ["a"]), op("Gelu", ["a"], approximate="tanh")], (1, 7), {}),
    "mish hard swish": ([op("Mish", ["x"], ["a"]), op("HardSwish", ["a"])], (1, 7), {}),
    "split in equal parts": ([op("Split", ["x"], ["a", "b"], axis=1, num_outputs=2), op("Concat", ["b", "a"], axis=1)],
                             (2, 5), {}),
    "reductions of newer opsets": ([op("ReduceL2", ["x", "k"], ["a"]), op("ReduceMin", ["x", "k"], ["b"]),
                                    op("Add", ["a", "b"])], (2, 3, 4), {"k": np.array([1])}),
    "einsum": ([op("Einsum", ["x", "w"], equation="bij,jk->bki")], (2, 3, 4), {"w": array(4, 5)}),
    "identity": ([op("Identity", ["x"])], (1, 3), {}),
    "rnn over an axis": ([op("RNN", ["x", "w", "r", "b"], hidden_size=3)], (4, 1, 2),
                         {"w": array(1, 3, 2), "r": array(1, 3, 3), "b": array(1, 6)}),
    "gru over an axis": ([op("GRU", ["x", "w", "r", "b"], hidden_size=3)], (4, 1, 2),
                         {"w": array(1, 9, 2), "r": array(1, 9, 3), "b": array(1, 18)}),
    "gru reset after": ([op("GRU", ["x", "w", "r", "b"], hidden_size=3, linear_before_reset=1)], (4, 1, 2),
                        {"w": array(1, 9, 2), "r": array(1, 9, 3), "b": array(1, 18)}),
    "lstm with peepholes": ([op("LSTM", ["x", "w", "r", "b", "", "", "", "p"], hidden_size=3)], (4, 1, 2),
                            {"w": array(1, 12, 2), "r": array(1, 12, 3), "b": array(1, 24), "p": array(1, 9)}),
    "lstm over an axis": ([op("LSTM", ["x", "w", "r", "b"], hidden_size=3)], (4, 1, 2),
                          {"w": array(1, 12, 2), "r": array(1, 12, 3), "b": array(1, 24)}),
}  # fmt: skip

OPSETS = {"batch norm": 15, "weights in integers": 19, "layer norm": 17, "group norm": 21, "gelu": 20,
          "mish hard swish": 18,          "split in equal parts": 18, "reductions of newer opsets": 18}  # fmt: skip
"""Those that are not of opset 13."""


@pytest.mark.parametrize("case", CASES)
def test_operators_agree_with_the_reference(tmp_path: Path, case: str) -> None:
    nodes, shape, weights = CASES[case]
    agrees(write(tmp_path, nodes, shape, weights, OPSETS.get(case, 13)), shape)


@pytest.mark.parametrize("layout", [0, 1])
@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
@pytest.mark.parametrize(("kind", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
def test_a_window_is_read_in_both_directions(
    tmp_path: Path, kind: str, gates: int, direction: str, layout: int
) -> None:
    """Each direction is the operator forwards, of the window or of its mirror image; two rows in a batch."""
    turned = {"reverse": (True,), "bidirectional": (False, True)}[direction]
    count = len(turned)
    weights = {"w": array(count, gates * 3, 2), "r": array(count, gates * 3, 3), "b": array(count, gates * 6)}
    operator = op(kind, ["x", "w", "r", "b"], hidden_size=3, direction=direction, layout=layout)
    x = array(4, 2, 2)
    shape = (2, 4, 2) if layout else (4, 2, 2)
    found = streamed(
        write(tmp_path, [operator], shape, weights, 14), (x.transpose(1, 0, 2) if layout else x).reshape(1, -1)
    )
    parts: list[Array] = []
    for number, backwards in enumerate(turned):
        one = {name: value[number : number + 1] for name, value in weights.items()}
        path = write(tmp_path, [op(kind, ["x", "w", "r", "b"], hidden_size=3)], (4, 2, 2), one, 14)
        (y,) = reference.ReferenceEvaluator(str(path)).run(None, {"x": x[::-1] if backwards else x})
        parts.append(y[::-1] if backwards else y)
    whole = np.concatenate(parts, axis=1)
    wanted = whole.transpose(2, 0, 1, 3) if layout else whole
    np.testing.assert_allclose(np.asarray(found).reshape(wanted.shape), wanted, rtol=0.0, atol=1e-5)


@pytest.mark.parametrize(("kind", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
def test_a_recurrent_operator_keeps_its_state_from_instant_to_instant(tmp_path: Path, kind: str, gates: int) -> None:
    weights = {"w": array(1, gates * 3, 2), "r": array(1, gates * 3, 3), "b": array(1, gates * 6)}
    operators = [op(kind, ["x", "w", "r", "b"], ["s"], hidden_size=3), op("Squeeze", ["s", "k"])]
    weights["k"] = np.array([1, 2])
    path = write(tmp_path, operators, ("T", 1, 2), weights)
    x = array(6, 2)
    (expected,) = reference.ReferenceEvaluator(str(path)).run(None, {"x": x.reshape(6, 1, 2)})
    assert streamed(path, x) == pytest.approx(expected.reshape(6, 3), abs=1e-5)


@pytest.mark.parametrize(("kind", "gates"), [("GRU", 3), ("LSTM", 4)])
def test_states_that_are_inputs_are_fed_back(tmp_path: Path, kind: str, gates: int) -> None:
    """As recurrent policies are exported: (x, h) to (y, h')."""
    names = ("h", "c")[: gates - 2]
    weights = {"w": array(1, gates * 3, 2), "r": array(1, gates * 3, 3), "b": array(1, gates * 6), "o": array(3, 1)}
    operators = [op(kind, ["x", "w", "r", "b", "", *names], ["s", *(f"{n}_next" for n in names)], hidden_size=3),
                 op("MatMul", ["s", "o"])]  # fmt: skip
    path = write(tmp_path, operators, (1, 1, 2), weights)
    model = models.onnx.load(path)
    for name in names:
        model.graph.input.append(models.helper.make_tensor_value_info(name, 1, [1, 1, 3]))
        model.graph.output.append(models.helper.make_tensor_value_info(f"{name}_next", 1, [1, 1, 3]))
    path.write_bytes(model.SerializeToString())
    x = array(6, 2)
    evaluator, expected, held = (
        reference.ReferenceEvaluator(str(path)),
        [],
        {n: np.zeros((1, 1, 3), "f4") for n in names},
    )
    for row in x:
        y, *after = evaluator.run(None, {"x": row.reshape(1, 1, 2), **held})
        held = dict(zip(names, after, strict=True))
        expected.append(y.reshape(-1))
    feedback = {n: f"{n}_next" for n in names}
    assert models.outputs(load_onnx(path, feedback), x) == pytest.approx(np.array(expected), abs=1e-5)
    for wrong in ({}, {"h": "absent"}, {"absent": "h_next"}):
        with pytest.raises(DiagnosticError, match="D005"):
            load_onnx(path, wrong)


def test_an_embedding_of_symbols(tmp_path: Path) -> None:
    """Inputs are integers: each takes a row of a table."""
    weights = {"t": array(7, 4), "w": array(4, 2), "k": np.array([1])}
    operators = [op("Gather", ["t", "x"], ["e"]), op("ReduceMean", ["e"], ["m"], axes=[1], keepdims=0),
                 op("MatMul", ["m", "w"])]  # fmt: skip
    path = write(tmp_path, operators, (1, 3), weights, kind=7)
    x = np.array([[0, 6, 2], [1, 1, 1]])
    evaluator = reference.ReferenceEvaluator(str(path))
    expected = [evaluator.run(None, {"x": row.reshape(1, 3)})[0].reshape(-1) for row in x]
    assert streamed(path, x) == pytest.approx(np.array(expected), abs=1e-6)


def test_slice_with_attributes_of_old_opsets(tmp_path: Path) -> None:
    path = write(tmp_path, [op("Slice", ["x"], starts=[1], ends=[3], axes=[1])], (1, 4), {}, opset=9)
    agrees(path, (1, 4))


@pytest.mark.parametrize(
    ("nodes", "shape", "weights", "words"),
    [
        ([op("Conv", ["w", "x"])], (2, 1, 3, 3), {"w": array(1, 1, 5, 5)}, "a kernel that is not constant"),
        ([op("MaxPool", ["x"], ["y", "i"], kernel_shape=[2])], (1, 1, 4), {}, "positions"),
        ([op("Reshape", ["w", "x"])], (2,), {"w": array(2, 3)}, "not constant"),
        ([op("GRU", ["x", "w", "r"], clip=1.0, hidden_size=3)], (1, 1, 2),
         {"w": array(1, 9, 2), "r": array(1, 9, 3)}, "clipped"),
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
