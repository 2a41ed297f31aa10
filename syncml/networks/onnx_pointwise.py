"""Operators of ONNX that act on each element; operands broadcast as in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from syncml.lang.functions import cast, cos, exp, log, maximum, minimum, sigmoid, sin, sqrt, tanh, where
from syncml.lang.types import f32, f64, i8, i16, i32, i64, u8, u16, u32, u64
from syncml.networks.onnx_use import Rule, Rules, Use
from syncml.networks.tensors import Tensor, is_array
from syncml.nodes import activations


def _unary(function: Callable[[Any], Tensor]) -> Rule:
    return lambda use: function(use.x)


def _parametric(function: Callable[..., Tensor], **defaults: float) -> Rule:
    return lambda use: function(use.x, *(float(use.get(name, value)) for name, value in defaults.items()))


def _binary(function: Callable[[Any, Any], Tensor]) -> Rule:
    return lambda use: function(use.stream(0), use.stream(1))


def _variadic(function: Callable[[Any, Any], Tensor]) -> Rule:
    return lambda use: reduce(function, (use.stream(i) for i in range(len(use.inputs))))


def _mean(use: Use) -> Tensor:
    return reduce(lambda a, b: a + b, (use.stream(i) for i in range(len(use.inputs)))) / float(len(use.inputs))


def _power(use: Use) -> Tensor:
    exponent = use.given(1)
    if is_array(exponent) and exponent.size == 1:
        value = float(exponent.reshape(-1)[0])
        powered = use.x ** (int(value) if value in range(1, 9) else value)
        return powered.reshape(*np.broadcast_shapes(powered.shape, exponent.shape))
    return use.stream(0) ** use.stream(1)


def _clip(use: Use) -> Tensor:
    x = use.x
    for name, position, bound in (("min", 1, maximum), ("max", 2, minimum)):
        limit = use.parameter(name, position)
        if limit is not None:
            # An attribute of old opsets is as wide as an f64.
            x = bound(float(np.float32(limit.reshape(-1)[0])), x)
    return x


def _gelu(use: Use) -> Tensor:
    return activations.gelu(use.x, approximate=use.get("approximate", "none") == "tanh")


def _sign(x: Any) -> Tensor:
    return where(x > 0.0, 1.0, where(x < 0.0, -1.0, x))


_TYPES: dict[int, Any] = {
    1: f32, 2: u8, 3: i8, 4: u16, 5: i16, 6: i32, 7: i64, 9: bool, 11: f64, 12: u32, 13: u64,
}  # fmt: skip
"""The element types of ONNX by number; halves and text have no type here."""


def _cast(use: Use) -> Tensor:
    to = int(use.get("to", 0))
    if to not in _TYPES:
        use.refuse(f"converts to the type number {to} of ONNX")
    return cast(use.x, _TYPES[to])


def _cast_like(use: Use) -> Tensor:
    return cast(use.x, use.stream(1))


def _modulo(use: Use) -> Tensor:
    x, y = use.stream(0), use.stream(1)
    if use.get("fmod", 0):
        use.refuse("has the sign of the dividend")
    return x % y


def _along(function: Callable[..., Tensor]) -> Rule:
    def rule(use: Use) -> Tensor:
        x = use.x
        axis = use.axis(len(x.shape), -1 if use.graph.opset >= 13 else 1)
        if use.graph.opset >= 13 or axis == len(x.shape) - 1:
            return function(x, axis=axis)
        flat = x.reshape(*x.shape[:axis], prod(x.shape[axis:]))
        return function(flat).reshape(*x.shape)

    return rule


def _identity(use: Use) -> Tensor:
    return use.x


def _dropout(use: Use) -> tuple[Tensor, ...]:
    if use.given(2) is not None and use.array(2, "a mode").any():
        use.refuse("is in training mode")
    return use.x, np.ones(use.x.shape, dtype=np.bool_)


POINTWISE: Rules = {
    "Abs": _unary(abs),
    "Add": _binary(lambda a, b: a + b),
    "And": _binary(lambda a, b: a & b),
    "BitwiseAnd": _binary(lambda a, b: a & b),
    "BitwiseNot": _unary(lambda x: ~x),
    "BitwiseOr": _binary(lambda a, b: a | b),
    "BitwiseXor": _binary(lambda a, b: a ^ b),
    "Cast": _cast,
    "CastLike": _cast_like,
    "Clip": _clip,
    "Cos": _unary(cos),
    "Div": _binary(lambda a, b: a / b),
    "Dropout": _dropout,
    "Elu": _parametric(activations.elu, alpha=1.0),
    "Equal": _binary(lambda a, b: a == b),
    "Erf": _unary(activations.erf),
    "Exp": _unary(exp),
    "Gelu": _gelu,
    "Greater": _binary(lambda a, b: a > b),
    "GreaterOrEqual": _binary(lambda a, b: a >= b),
    "HardSigmoid": _parametric(activations.hard_sigmoid, alpha=0.2, beta=0.5),
    "HardSwish": _unary(activations.hard_swish),
    "Identity": _identity,
    "IsNaN": _unary(lambda x: x != x),
    "LeakyRelu": _parametric(activations.leaky_relu, alpha=0.01),
    "Less": _binary(lambda a, b: a < b),
    "LessOrEqual": _binary(lambda a, b: a <= b),
    "Log": _unary(log),
    "LogSoftmax": _along(activations.log_softmax),
    "Max": _variadic(maximum),
    "Mean": _mean,
    "Min": _variadic(minimum),
    "Mish": _unary(activations.mish),
    "Mod": _modulo,
    "Mul": _binary(lambda a, b: a * b),
    "Neg": _unary(lambda x: -x),
    "Not": _unary(lambda x: ~x),
    "Or": _binary(lambda a, b: a | b),
    "PRelu": _binary(lambda x, slope: where(x < 0.0, slope * x, x)),
    "Pow": _power,
    "Reciprocal": _unary(lambda x: 1.0 / x),
    "Relu": _unary(activations.relu),
    "Selu": _parametric(activations.selu, alpha=1.6732632423543772, gamma=1.0507009873554805),
    "Sigmoid": _unary(sigmoid),
    "Sign": _unary(_sign),
    "Sin": _unary(sin),
    "Softmax": _along(activations.softmax),
    "Softplus": _unary(activations.softplus),
    "Softsign": _unary(activations.softsign),
    "Sqrt": _unary(sqrt),
    "Sub": _binary(lambda a, b: a - b),
    "Sum": _variadic(lambda a, b: a + b),
    "Tanh": _unary(tanh),
    "Where": lambda use: where(use.stream(0), use.stream(1), use.stream(2)),
    "Xor": _binary(lambda a, b: a ^ b),
}
