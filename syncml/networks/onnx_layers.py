"""Operators of ONNX that are layers: products, convolutions, pooling, normalisation, reductions.

Rule: weights are constant. Images are (batch, channels, *extents); each element of the batch is convolved by itself.
Sums run as those of the layers of `syncml.nodes`: from 0, ascending, the bias last.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from syncml.lang.functions import einsum, log, sqrt, stack
from syncml.networks.onnx_shapes import moved
from syncml.networks.onnx_use import Rule, Rules, Use
from syncml.networks.tensors import Tensor, as_stream, is_array
from syncml.nodes.convolution import convolve
from syncml.nodes.convolution import pads as sides_of
from syncml.nodes.normalisation import BatchNorm, GroupNorm, LayerNorm, standardised
from syncml.nodes.policies import argmax
from syncml.nodes.pooling import average_pool, global_average_pool, global_max_pool, max_pool

Sides = tuple[tuple[int, int], ...]


def product(a: Tensor, b: Tensor) -> Tensor:
    """``a @ b`` as in NumPy; a row vector times weights becomes a matrix times a vector, the form that vectorises."""
    if is_array(b) and b.ndim == 2 and prod(a.shape[:-1]) == 1:
        return (as_stream(b.T) @ a.reshape(b.shape[0])).reshape(*a.shape[:-1], b.shape[1])
    a, b = as_stream(a), as_stream(b)
    if len(a.shape) <= 2 and len(b.shape) <= 2:
        return a @ b
    rows, columns = len(a.shape) > 1, len(b.shape) > 1
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    letters = "abcdefgh"[: len(batch)]

    def read(x: Tensor, own: str) -> tuple[str, Tensor]:
        """The letters of an operand and the operand without the axes that it is repeated along."""
        outer = x.shape[: len(x.shape) - len(own)]
        kept = [(n, c) for n, c in zip(outer, letters[len(letters) - len(outer) :], strict=True) if n > 1]
        return "".join(c for _, c in kept) + own, x.reshape(*(n for n, _ in kept), *x.shape[len(outer) :])

    left, a = read(a, "xk" if rows else "k")
    right, b = read(b, "ky" if columns else "k")
    there = "".join(c for c in letters if c in left + right)
    y = einsum(f"{left},{right}->{there}{'x' * rows}{'y' * columns}", a, b)
    return y.reshape(*batch, *y.shape[len(there) :])


def _gemm(use: Use) -> Tensor:
    a, b = use.given(0), use.given(1)
    a = a.T if use.get("transA", 0) else a
    b = b.T if use.get("transB", 0) else b
    y = product(a, _scaled(b, use.get("alpha", 1.0)))
    return y if use.given(2) is None else y + as_stream(_scaled(use.given(2), use.get("beta", 1.0)))


def _scaled(x: Tensor, factor: float) -> Tensor:
    return x if factor == 1.0 else x * np.float32(factor) if is_array(x) else x * factor


def _einsum(use: Use) -> Tensor:
    form = use.get("equation").replace(" ", "")
    operands, arrow, result = form.partition("->")
    if "." in form:
        use.refuse("has axes that are not named")
    if not arrow:
        letters = operands.replace(",", "")
        result = "".join(c for c in sorted(set(letters)) if letters.count(c) == 1)
    return einsum(f"{operands}->{result}", *(use.stream(i) for i in range(len(use.inputs))))


def per_sample(x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """``function`` of each element of a batch."""
    count, *extents = x.shape
    if count == 1:
        y = function(x.reshape(*extents))
        return y.reshape(1, *y.shape)
    return stack(*(function(x[i]) for i in range(count)))


def _spatial(use: Use, kernel: tuple[int, ...]) -> tuple[list[int], list[int], Sides]:
    """Stride, dilation and padding of a convolution or a pooling."""
    rank, extents = len(kernel), use.x.shape[2:]
    stride = [int(n) for n in use.get("strides", [1] * rank)]
    dilation = [int(n) for n in use.get("dilations", [1] * rank)]
    automatic = use.get("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        sides = sides_of("same", extents, kernel, stride, dilation)
        lower = tuple((after, before) for before, after in sides)
        return stride, dilation, sides if automatic == "SAME_UPPER" else lower
    given = [0] * (2 * rank) if automatic == "VALID" else [int(n) for n in use.get("pads", [0] * (2 * rank))]
    return stride, dilation, tuple(zip(given[:rank], given[rank:], strict=True))


def _conv(use: Use) -> Tensor:
    weight = use.array(1, "a kernel")
    bias = None if use.given(2) is None else use.array(2, "a bias")
    stride, dilation, sides = _spatial(use, weight.shape[2:])
    return per_sample(
        use.x,
        lambda x: convolve(
            x, weight, bias, stride=stride, padding=sides, dilation=dilation, groups=int(use.get("group", 1))
        ),
    )


def _pooled(use: Use) -> tuple[tuple[int, ...], list[int], list[int], Sides, Sides]:
    """The form of a pooling, its padding, and the padding that a last window needs that begins inside of it."""
    kernel = tuple(int(n) for n in use.get("kernel_shape"))
    stride, dilation, sides = _spatial(use, kernel)
    if not use.get("ceil_mode", 0):
        return kernel, stride, dilation, sides, sides
    wide: list[tuple[int, int]] = []
    for n, k, s, d, (before, after) in zip(use.x.shape[2:], kernel, stride, dilation, sides, strict=True):
        span, reach = before + n + after, (k - 1) * d + 1
        count = -(-(span - reach) // s) + 1
        # A last window that would begin in the padding behind is left out.
        count -= (count - 1) * s >= before + n
        wide.append((before, after + max(0, (count - 1) * s + reach - span)))
    return kernel, stride, dilation, sides, tuple(wide)


def _max_pool(use: Use) -> Tensor:
    kernel, stride, dilation, _, wide = _pooled(use)
    if len(use.node.outputs) > 1 and use.node.outputs[1]:
        use.refuse("gives the positions of the greatest elements")
    return per_sample(use.x, lambda x: max_pool(x, kernel, stride, wide, dilation))


def _average_pool(use: Use) -> Tensor:
    kernel, stride, dilation, sides, wide = _pooled(use)
    counted = bool(use.get("count_include_pad", 0))
    if counted and wide != sides:
        use.refuse("counts its padding and takes windows that go beyond it")
    return per_sample(use.x, lambda x: average_pool(x, kernel, stride, wide, dilation, count_padding=counted))


def _global(pool: Callable[[Tensor], Tensor]) -> Rule:
    def rule(use: Use) -> Tensor:
        extents = use.x.shape
        return per_sample(use.x, pool).reshape(*extents[:2], *(1,) * (len(extents) - 2))

    return rule


def _batch_norm(use: Use) -> Tensor:
    if use.get("training_mode", 0):
        use.refuse("is in training mode")
    names = ("a scale", "a bias", "a mean", "a variance")
    arrays = [use.array(i, name) for i, name in enumerate(names, 1)]
    return BatchNorm(arrays[0], arrays[1], arrays[2], arrays[3], float(use.get("epsilon", 1e-5)), axis=1)(use.x)


def _layer_norm(use: Use) -> Tensor:
    weight, x = use.array(1, "a scale"), use.x
    if len(use.node.outputs) > 1:
        use.refuse("gives its mean and its variance")
    bias = None if use.given(2) is None else use.array(2, "a bias")
    extents = x.shape[use.axis(len(x.shape), -1) :]
    whole = np.broadcast_to(weight, extents)
    return LayerNorm(whole, None if bias is None else np.broadcast_to(bias, extents), float(use.get("epsilon", 1e-5)))(
        x
    )


def _group_norm(use: Use) -> Tensor:
    channels = use.x.shape[1]
    groups = int(use.get("num_groups")) if use.node.operator == "GroupNormalization" else channels
    weight, bias = use.array(1, "a scale"), use.array(2, "a bias")
    if len(weight) == groups != channels:
        # Until opset 20 there is one scale for each group.
        weight, bias = (np.repeat(t, channels // groups) for t in (weight, bias))
    return per_sample(use.x, GroupNorm(groups, weight, bias, float(use.get("epsilon", 1e-5))))


def _mean_variance(use: Use) -> Tensor:
    x, axes = use.x, [int(a) for a in use.get("axes", [0, 2, 3])]
    order, shape = _last(axes, x.shape)
    y = standardised(moved(x, order).reshape(*shape[0], prod(shape[1])), 0.0).reshape(*shape[0], *shape[1])
    return moved(y, [order.index(i) for i in range(len(order))])


def _last(axes: list[int], extents: tuple[int, ...]) -> tuple[list[int], tuple[list[int], list[int]]]:
    """The order of axes that puts ``axes`` last, and the extents of the others and of these."""
    chosen = sorted(a % len(extents) for a in axes)
    kept = [a for a in range(len(extents)) if a not in chosen]
    return kept + chosen, ([extents[a] for a in kept], [extents[a] for a in chosen])


def _reduction(function: Callable[[Tensor, int], Tensor]) -> Rule:
    """``function`` of the elements of several axes, in row-major order, and their number."""

    def rule(use: Use) -> Tensor:
        x = use.x
        axes = use.integers("axes", 1)
        if not axes:
            if use.get("noop_with_empty_axes", 0):
                return x
            axes = list(range(len(x.shape)))
        order, (kept, chosen) = _last(axes, x.shape)
        y = function(moved(x, order).reshape(*kept, prod(chosen)), prod(chosen))
        reduced = {a % len(x.shape) for a in axes}
        return y.reshape(*(1 if a in reduced else n for a, n in enumerate(x.shape))) if use.get("keepdims", 1) else y

    return rule


def _arg(*, greatest: bool) -> Rule:
    def rule(use: Use) -> Tensor:
        x = use.x if greatest else -use.x
        if use.get("select_last_index", 0):
            use.refuse("selects the last of equals")
        axis = use.axis(len(x.shape), 0)
        y = argmax(x, axis)
        return y.reshape(*x.shape[:axis], 1, *x.shape[axis + 1 :]) if use.get("keepdims", 1) else y

    return rule


LAYERS: Rules = {
    "ArgMax": _arg(greatest=True),
    "ArgMin": _arg(greatest=False),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Conv": _conv,
    "Einsum": _einsum,
    "Gemm": _gemm,
    "GlobalAveragePool": _global(global_average_pool),
    "GlobalMaxPool": _global(global_max_pool),
    "GroupNormalization": _group_norm,
    "InstanceNormalization": _group_norm,
    "LayerNormalization": _layer_norm,
    "MatMul": lambda use: product(use.given(0), use.given(1)),
    "MaxPool": _max_pool,
    "MeanVarianceNormalization": _mean_variance,
    "ReduceL1": _reduction(lambda x, _: abs(x).sum(axis=-1)),
    "ReduceL2": _reduction(lambda x, _: sqrt((x * x).sum(axis=-1))),
    "ReduceLogSum": _reduction(lambda x, _: log(x.sum(axis=-1))),
    "ReduceMax": _reduction(lambda x, _: x.max(axis=-1)),
    "ReduceMean": _reduction(lambda x, count: x.sum(axis=-1) / float(count)),
    "ReduceMin": _reduction(lambda x, _: x.min(axis=-1)),
    "ReduceSum": _reduction(lambda x, _: x.sum(axis=-1)),
    "ReduceSumSquare": _reduction(lambda x, _: (x * x).sum(axis=-1)),
}
