"""Contractions of windows with constant weights as the operator Conv.

Rule: for windows along some axes of ``x``, whose places ``p`` are axes of the result and whose positions ``k`` are
summed,

    y[o, p, ..] = sum_k sum_c weight[o, k, .., c] * x[c, p * stride + k * dilation, ..]

in whatever order weight, windows and result have their axes. An axis of ``x`` that is not summed and has no windows is
a spatial axis with a kernel of 1. Anything else (groups, several outputs or channels, other types) stays a contraction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from syncml.dataclass import dataclass
from syncml.export_onnx.draft import Draft, Tensor
from syncml.export_onnx.operators import transposed
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Equation, Var
from syncml.ir.operators import Op
from syncml.ir.types import F32, shape
from syncml.ir.typing_rules import contraction

_LARGEST_RANK = 3
"""As many spatial axes runtimes have."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """An axis of the convolved array: the letters of its places and, if it has windows, of its positions."""

    place: str
    position: str = ""
    size: int = 1
    stride: int = 1
    dilation: int = 1


def convolution(
    draft: Draft, rhs: Apply, definitions: Mapping[Var, Equation], value: Callable[[Var], Tensor]
) -> Tensor | None:
    """``rhs`` as a convolution; None if it is none.

    Args:
        draft: Where it is written.
        rhs: An operator.
        definitions: The equations of streams.
        value: The tensor of a stream.
    """
    if rhs.op is not Op.EINSUM or len(rhs.arguments) != 2:
        return None
    weight, windows = rhs.arguments
    if not isinstance(weight, Const) or not isinstance(windows, Var) or weight.element is not F32:
        return None
    form = contraction(rhs.attribute)
    kernel, letters = form.operands
    source, axes = _source(windows, letters, definitions)
    channels = [a for a in axes if not a.position and a.place in kernel and a.place not in form.result]
    spatial = [a for a in axes if a not in channels]
    outputs = [letter for letter in kernel if letter in form.result]
    positions = [a.position for a in spatial if a.position]
    fits = (
        positions
        and value(source).batched
        and len(spatial) <= _LARGEST_RANK
        and len(channels) == len(outputs) == 1
        and len(set(letters)) == len(letters)
        and sorted(kernel) == sorted([*outputs, channels[0].place, *positions])
        and sorted(form.result) == sorted([*outputs, *(a.place for a in spatial)])
    )
    if not fits:
        return None
    order = [*outputs, channels[0].place, *positions]
    array = np.asarray(weight.machine()).transpose([kernel.index(letter) for letter in order])
    sizes = [a.size for a in spatial]
    held = draft.constant(array.reshape(*array.shape[:2], *sizes), F32, weight.name or "weight")
    x = transposed(draft, value(source), tuple(axes.index(a) for a in (*channels, *spatial)))
    places = tuple(
        (n - (a.size - 1) * a.dilation - 1) // a.stride + 1 for n, a in zip(x.shape[1:], spatial, strict=True)
    )
    y = draft.apply(
        "Conv", x, held, kind=F32, shape=(array.shape[0], *places), kernel_shape=tuple(sizes),
        strides=tuple(a.stride for a in spatial), dilations=tuple(a.dilation for a in spatial),
    )  # fmt: skip
    found = [*outputs, *(a.place for a in spatial)]
    return transposed(draft, y, tuple(found.index(letter) for letter in form.result))


def _source(windows: Var, letters: str, definitions: Mapping[Var, Equation]) -> tuple[Var, list[_Axis]]:
    """The array of which ``windows``, with axes of these letters, are the windows, and its axes."""
    taken: list[tuple[int, ...]] = []
    source = windows
    while (
        source in definitions
        and isinstance(rhs := definitions[source].rhs, Apply)
        and rhs.op is Op.UNFOLD
        and isinstance(rhs.attribute, tuple)
        and isinstance(rhs.arguments[0], Var)
    ):
        taken.append(rhs.attribute)
        source = rhs.arguments[0]
    axes = [_Axis(letter) for letter in letters]
    for axis, size, stride, dilation in taken:
        place, position = axes[axis], axes[axis + 1]
        if place.position or position.position:
            # Windows of windows of one axis are no convolution.
            return windows, [_Axis(letter) for letter in letters]
        axes[axis : axis + 2] = [_Axis(place.place, position.place, size, stride, dilation)]
    assert len(axes) == len(shape(source.type))
    return source, axes
