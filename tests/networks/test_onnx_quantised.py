"""QDQ networks of ONNX as integers, against the reference evaluator of the onnx package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, node
from syncml.diagnostics.model import DiagnosticError
from syncml.lang.load import program_of
from syncml.networks.onnx_node import load_onnx
from syncml.networks.onnx_quantised import QuantisedNetwork
from syncml.networks.target import network_of
from syncml.nodes.fixed_point import Rounding
from syncml.pipeline import check
from syncml.sim.interpreter import interpret

onnx = pytest.importorskip("onnx")
reference = pytest.importorskip("onnx.reference")
helper: Any = onnx.helper
Array = np.ndarray[Any, Any]
SCALES = {"x": 0.05, "a": 0.04, "b": 0.06, "c": 0.05, "d": 0.03, "p": 1 / 256}
ZEROS = {"x": 5, "a": -7, "b": -128, "c": 11, "d": 0, "p": -128}


class Graph:
    """A QDQ network under construction; tensors of integers are called ``x``, ``a``, ``b``, ..."""

    def __init__(self, *shape: int, kind: str = "int8") -> None:
        self.shape, self.kind = shape, kind
        self.nodes: list[Any] = []
        self.weights: dict[str, Array] = {}
        self._generator = np.random.default_rng(len(shape))

    def op(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{output}", **attributes))

    def affine(self, name: str) -> list[str]:
        shift = 128 if self.kind == "uint8" else 0
        self.weights[f"{name}_scale"] = np.float32(SCALES[name])
        self.weights[f"{name}_zero"] = np.array(ZEROS[name] + shift, self.kind)
        return [f"{name}_scale", f"{name}_zero"]

    def read(self, name: str) -> str:
        self.op("DequantizeLinear", [name, *self.affine(name)], f"{name}_real")
        return f"{name}_real"

    def write(self, name: str, real: str) -> None:
        self.op("QuantizeLinear", [real, *self.affine(name)], name)

    def weight(self, name: str, *shape: int, axis: int = 0) -> str:
        channels = shape[axis]
        self.weights[name] = self._generator.integers(-127, 128, shape).astype(np.int8)
        self.weights[f"{name}_scale"] = self._generator.uniform(0.002, 0.01, channels).astype(np.float32)
        self.weights[f"{name}_zero"] = np.zeros(channels, np.int8)
        self.op("DequantizeLinear", [name, f"{name}_scale", f"{name}_zero"], f"{name}_real", axis=axis)
        return f"{name}_real"

    def bias(self, name: str, x: str, weight: str) -> str:
        scale = self.weights[f"{weight}_scale"] * np.float32(SCALES[x])
        self.weights[name] = self._generator.integers(-800, 800, scale.size).astype(np.int32)
        self.weights[f"{name}_scale"], self.weights[f"{name}_zero"] = scale, np.zeros(scale.size, np.int32)
        self.op("DequantizeLinear", [name, f"{name}_scale", f"{name}_zero"], f"{name}_real", axis=0)
        return f"{name}_real"

    def save(self, folder: Path, output: str, first: str = "") -> Path:
        kinds = {"int8": onnx.TensorProto.INT8, "uint8": onnx.TensorProto.UINT8, "f32": onnx.TensorProto.FLOAT}
        graph = helper.make_graph(
            self.nodes,
            "g",
            [helper.make_tensor_value_info("x", kinds[first or self.kind], list(self.shape))],
            [helper.make_tensor_value_info(output, kinds["f32" if output.endswith("real") else self.kind], ["N"])],
            [onnx.numpy_helper.from_array(np.asarray(w), name) for name, w in self.weights.items()],
        )
        path = folder / "m.onnx"
        opsets = [helper.make_opsetid("", 21)]
        path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())
        return path


def integers(count: int, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(9).integers(-128, 128, (count, *shape)).astype(np.int8)


def streamed(network: Any, x: Array) -> Array:
    kind: Any = network.kind

    @node
    def top(x: Stream[Vec[network.inputs, kind]]) -> Stream[Vec[Any, Any]]:  # type: ignore[name-defined]
        return network(x)

    checked = check(program_of(top))
    trace = interpret(checked.program, {"x": x.reshape(len(x), -1)}, len(x)).trace
    return trace.column(checked.main.outputs[0].name).values


def evaluated(path: Path, x: Array) -> Array:
    evaluator = reference.ReferenceEvaluator(str(path))
    return np.array([evaluator.run(None, {"x": row})[0].reshape(-1) for row in x])


def agrees(path: Path, x: Array, most: float = 0.02, rounding: Rounding = Rounding.SINGLE) -> None:
    """Integers differ by at most 1, and seldom: `QuantizeLinear` rounds floats, with ties to even."""
    network = load_onnx(path)
    assert isinstance(network, QuantisedNetwork)
    found = streamed(QuantisedNetwork(network.graph, rounding, rounding), x)
    difference = abs(found.astype(int) - evaluated(path, x).astype(int))
    assert difference.max() <= 1 and (difference > 0).mean() <= most
    assert len(np.unique(found)) > 8


def convolutions(*shape: int) -> Graph:
    """A depthwise and a pointwise convolution in NHWC, then a dense layer."""
    g = Graph(*shape)
    g.op("Transpose", ["x"], "xt", perm=[0, 3, 1, 2])
    g.op("DequantizeLinear", ["xt", *g.affine("x")], "x_real")
    channels = shape[3]
    w = g.weight("w", channels, 1, 3, 1)
    g.op("Conv", ["x_real", w, g.bias("wb", "x", "w")], "conv", group=channels, kernel_shape=[3, 1], strides=[1, 1])
    g.write("a", "conv")
    u = g.weight("u", 5, channels, 1, 1)
    g.op("Conv", [g.read("a"), u, g.bias("ub", "a", "u")], "point", kernel_shape=[1, 1])
    g.op("Relu", ["point"], "positive")
    g.write("b", "positive")
    return g


def test_convolutions_over_time_and_a_dense_layer(tmp_path: Path) -> None:
    g = convolutions(1, 7, 1, 4)
    g.op("GlobalAveragePool", [g.read("b")], "mean")
    g.op("QuantizeLinear", ["mean", *g.affine("b")], "pooled")
    g.weights["rows"] = np.array([1, 5])
    g.op("Reshape", ["pooled", "rows"], "flat")
    g.op("DequantizeLinear", ["flat", *g.affine("b")], "flat_real")
    g.op("MatMul", ["flat_real", g.weight("v", 5, 3, axis=1)], "product")
    g.op("Add", ["product", g.bias("vb", "b", "v")], "logits")
    g.write("c", "logits")
    agrees(g.save(tmp_path, "c"), integers(40, (1, 7, 1, 4)))


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, Rounding.DOUBLE])
def test_a_convolution_in_two_dimensions_with_padding_strides_and_dilation(tmp_path: Path, rounding: Rounding) -> None:
    g = Graph(1, 2, 7, 6)
    w = g.weight("w", 4, 2, 3, 2)
    g.op("Conv", [g.read("x"), w, g.bias("wb", "x", "w")], "conv", pads=[1, 0, 2, 1], strides=[2, 1], dilations=[1, 2])
    g.write("a", "conv")
    g.op("GlobalAveragePool", [g.read("a")], "mean")
    g.write("d", "mean")
    agrees(g.save(tmp_path, "d"), integers(20, (1, 2, 7, 6)), most=0.08, rounding=rounding)


def test_a_convolution_of_one_channel(tmp_path: Path) -> None:
    g = Graph(1, 1, 8)
    g.op("Conv", [g.read("x"), g.weight("w", 1, 1, 3)], "conv")
    g.write("a", "conv")
    agrees(g.save(tmp_path, "a"), integers(30, (1, 1, 8)))


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul"])
def test_two_streams_meet(tmp_path: Path, kind: str) -> None:
    g = Graph(1, 6)
    x = g.read("x")
    g.op("Gemm", [x, g.weight("w", 6, 6), g.bias("wb", "x", "w")], "left", transB=1)
    g.write("a", "left")
    g.op(kind, [g.read("a"), x], "both")
    g.write("b", "both")
    agrees(g.save(tmp_path, "b"), integers(60, (1, 6)), most=0.08)


@pytest.mark.parametrize("kind", ["Tanh", "Sigmoid", "Relu", "Softmax"])
def test_a_function_of_a_vector(tmp_path: Path, kind: str) -> None:
    g = Graph(1, 6)
    g.op(kind, [g.read("x")], "value")
    g.write("p" if kind == "Softmax" else "d", "value")
    agrees(g.save(tmp_path, "p" if kind == "Softmax" else "d"), integers(60, (1, 6)))


def test_streams_are_joined(tmp_path: Path) -> None:
    g = Graph(1, 6)
    x = g.read("x")
    g.op("Tanh", [x], "value")
    g.write("d", "value")
    g.op("Concat", [x, g.read("d")], "both", axis=1)
    g.write("c", "both")
    agrees(g.save(tmp_path, "c"), integers(60, (1, 6)))


def test_unsigned_integers_are_held_less_half_of_their_range(tmp_path: Path) -> None:
    x = integers(30, (1, 6))
    found: list[Array] = []
    for kind in ("int8", "uint8"):
        g = Graph(1, 6, kind=kind)
        g.op("Gemm", [g.read("x"), g.weight("w", 3, 6), g.bias("wb", "x", "w")], "y_real", transB=1)
        g.write("a", "y_real")
        found.append(streamed(load_onnx(g.save(tmp_path, "a")), x))
    assert np.array_equal(*found)


def test_a_network_of_real_numbers_has_integers_inside(tmp_path: Path) -> None:
    g = Graph(1, 6)
    g.write("a", "x")
    g.op("Gemm", [g.read("a"), g.weight("w", 3, 6), g.bias("wb", "a", "w")], "sum", transB=1)
    g.write("b", "sum")
    path = g.save(tmp_path, g.read("b"), "f32")
    x = np.random.default_rng(1).normal(scale=2, size=(50, 1, 6)).astype(np.float32)
    found, wanted = streamed(load_onnx(path), x), evaluated(path, x)
    assert (abs(found - wanted) > 1e-6).mean() < 0.02
    program = check(program_of(network_of(str(path)))).program
    assert "f32[6]" in str(program.node(program.main).inputs[0].type)


def refused(path: Path, *words: str) -> None:
    network = load_onnx(path)
    with pytest.raises(DiagnosticError) as caught:
        streamed(network, integers(1, (network.inputs,)))
    (found,) = caught.value.diagnostics
    assert found.code == "D005" and all(word in found.message for word in words), found.message


def test_a_result_that_stays_in_real_numbers_is_refused_by_name(tmp_path: Path) -> None:
    g = Graph(1, 6)
    g.write("a", g.read("x"))
    g.op("Tanh", [g.read("a")], "y_real")
    refused(g.save(tmp_path, "y_real"), "Tanh_y_real", "stays in real numbers")


def test_an_operator_between_real_numbers_is_refused_by_name(tmp_path: Path) -> None:
    g = Graph(1, 6)
    g.op("Tanh", [g.read("x")], "once")
    g.op("Sigmoid", ["once"], "twice")
    g.write("a", "twice")
    refused(g.save(tmp_path, "a"), "Sigmoid_twice", "not quantised")


def test_asymmetric_weights_are_refused(tmp_path: Path) -> None:
    g = Graph(1, 6)
    g.op("Gemm", [g.read("x"), g.weight("w", 3, 6)], "sum", transB=1)
    g.weights["w_zero"] = np.full(3, 2, np.int8)
    g.write("a", "sum")
    refused(g.save(tmp_path, "a"), "zero point is not 0")


def test_a_transposition_may_move_elements(tmp_path: Path) -> None:
    g = Graph(1, 2, 3, 4)
    g.op("Transpose", ["x"], "moved", perm=[0, 3, 2, 1])
    g.weights["rows"] = np.array([1, 24])
    g.op("Reshape", ["moved", "rows"], "flat")
    g.op("DequantizeLinear", ["flat", *g.affine("x")], "flat_real")
    g.op("Tanh", ["flat_real"], "value")
    g.write("d", "value")
    agrees(g.save(tmp_path, "d"), integers(10, (1, 2, 3, 4)))
