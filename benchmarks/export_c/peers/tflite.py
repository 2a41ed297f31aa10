"""An ONNX model as a LiteRT model: layer for layer, channels last, with the same weights.

    Conv (group 1)       CONV_2D, kernels [out, height, width, in]
    Conv (a group each)  DEPTHWISE_CONV_2D, kernels [1, height, width, channels]
    Gemm, MatMul and Add FULLY_CONNECTED, weights [out, in]
    Relu, Tanh           fused into the layer before, TANH
    AveragePool          AVERAGE_POOL_2D
    Softmax, Reshape     the same

Rule: a model with anything else, or a padding that is neither none nor `SAME`, is refused. Runs in an interpreter with
`ai_edge_litert`, whose classes of the file format write the model.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper


class Unsupported(Exception):
    """The model has an operator that is not written; the text says which."""


class _Writer:
    def __init__(self) -> None:
        self.s: Any = import_module("ai_edge_litert.schema_py_generated")
        self.flat: Any = import_module("flatbuffers")
        self.buffers: list[Any] = [self.s.BufferT()]
        self.tensors: list[Any] = []
        self.operators: list[Any] = []
        self.codes: list[int] = []

    def tensor(self, shape: tuple[int, ...], values: np.ndarray | None = None) -> int:
        """A new tensor, constant if it has values."""
        made = self.s.TensorT()
        made.shape = list(shape)
        integer = values is not None and values.dtype == np.int32
        made.type = self.s.TensorType.INT32 if integer else self.s.TensorType.FLOAT32
        made.name = f"t{len(self.tensors)}"
        made.buffer = 0
        if values is not None:
            buffer = self.s.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            made.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(made)
        return len(self.tensors) - 1

    def constant(self, values: np.ndarray) -> int:
        return self.tensor(values.shape, values)

    def operator(self, code: str, inputs: list[int], output: int, **options: Any) -> None:
        """One operator; ``options`` are the members of its table of options."""
        number = getattr(self.s.BuiltinOperator, code)
        if number not in self.codes:
            self.codes.append(number)
        made = self.s.OperatorT()
        made.opcodeIndex = self.codes.index(number)
        made.inputs, made.outputs = inputs, [output]
        table = _OPTIONS.get(code)
        if table is not None:
            made.builtinOptionsType = getattr(self.s.BuiltinOptions, table)
            made.builtinOptions = getattr(self.s, table + "T")()
            for name, value in options.items():
                setattr(made.builtinOptions, name, value)
        self.operators.append(made)

    def bytes(self, given: int, made: int) -> bytes:
        graph = self.s.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = self.tensors, self.operators, [given], [made]
        model = self.s.ModelT()
        model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], self.buffers, []
        for number in self.codes:
            code = self.s.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
            model.operatorCodes.append(code)
        builder = self.flat.Builder(1 << 16)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


_OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "SOFTMAX": "SoftmaxOptions",
    "RESHAPE": "ReshapeOptions",
}


def converted(model: Any) -> bytes:
    """The LiteRT model.

    Raises:
        Unsupported: an operator, or a padding, that has no counterpart here.
    """
    writer = _Writer()
    constants: dict[str, np.ndarray] = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    given = model.graph.input[0]
    shape = tuple(d.dim_value or 1 for d in given.type.tensor_type.shape.dim)
    first = last = writer.tensor(shape)
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        operands = [constants.get(name) for name in node.input]
        extents: tuple[int, ...] = tuple(writer.tensors[last].shape)
        if node.op_type == "Conv":
            last = _convolution(writer, last, extents, operands, attributes)
        elif node.op_type in ("Gemm", "MatMul"):
            last = _dense(writer, last, extents, operands, bool(attributes.get("transB")))
        elif node.op_type == "Add" and writer.operators[-1].outputs == [last]:
            assert operands[1] is not None
            writer.operators[-1].inputs[2] = writer.constant(operands[1])
        elif node.op_type == "Relu":
            writer.operators[-1].builtinOptions.fusedActivationFunction = writer.s.ActivationFunctionType.RELU
        elif node.op_type == "Tanh":
            out = writer.tensor(extents)
            writer.operator("TANH", [last], out)
            last = out
        elif node.op_type == "AveragePool":
            out = writer.tensor((1, 1, 1, extents[3]))
            h, w = attributes["kernel_shape"]
            if (h, w) != extents[1:3]:
                raise Unsupported("AveragePool that is not of the whole map")
            sizes = {"filterHeight": h, "filterWidth": w, "strideH": h, "strideW": w}
            writer.operator("AVERAGE_POOL_2D", [last], out, padding=writer.s.Padding.VALID, **sizes)
            last = out
        elif node.op_type == "Softmax":
            out = writer.tensor(extents)
            writer.operator("SOFTMAX", [last], out, beta=1.0)
            last = out
        elif node.op_type == "Reshape":
            # One channel first is one channel last; any other map is flattened when it has one position.
            if len(extents) == 4 and extents[-1] != 1 and extents[1:3] != (1, 1):
                raise Unsupported("Reshape of a map")
            if extents[-1] != 1:
                out = writer.tensor((1, extents[-1]))
                writer.operator("RESHAPE", [last, writer.constant(np.array([1, extents[-1]], np.int32))], out)
                last = out
        else:
            raise Unsupported(node.op_type)
    return writer.bytes(first, last)


def _convolution(w: _Writer, x: int, extents: tuple[int, ...], operands: list[Any], attributes: dict[str, Any]) -> int:
    kernel, bias = operands[1], operands[2]
    strides, pads = attributes["strides"], attributes["pads"]
    out_map = [-(-n // s) for n, s in zip(extents[1:3], strides, strict=True)]
    need = [(o - 1) * s + k - n for o, s, k, n in zip(out_map, strides, kernel.shape[2:], extents[1:3], strict=True)]
    same = [max(n, 0) // 2 for n in need] + [max(n, 0) - max(n, 0) // 2 for n in need]
    if list(pads) != same:
        raise Unsupported(f"Conv with the padding {pads}")
    depthwise = attributes["group"] == extents[3] > 1
    if not depthwise and attributes["group"] != 1:
        raise Unsupported("Conv in groups of several channels")
    order = (1, 2, 3, 0) if depthwise else (0, 2, 3, 1)
    out = w.tensor((1, *out_map, kernel.shape[0]))
    options = {"padding": w.s.Padding.SAME, "strideH": strides[0], "strideW": strides[1]}
    options |= {"dilationHFactor": 1, "dilationWFactor": 1} | ({"depthMultiplier": 1} if depthwise else {})
    code = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    w.operator(code, [x, w.constant(kernel.transpose(order)), w.constant(bias)], out, **options)
    return out


def _dense(w: _Writer, x: int, extents: tuple[int, ...], operands: list[Any], transposed: bool) -> int:
    weight = operands[1] if transposed else operands[1].T
    bias = w.constant(operands[2]) if len(operands) > 2 else -1
    out = w.tensor((extents[0], weight.shape[0]))
    w.operator("FULLY_CONNECTED", [x, w.constant(weight), bias], out)
    return out
