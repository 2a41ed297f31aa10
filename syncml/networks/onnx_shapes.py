"""Operators of ONNX that move, repeat or select elements. Shapes, axes and positions have to be constant."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from syncml.lang.functions import concat, constant, stack
from syncml.networks.onnx_use import Rules, Use
from syncml.networks.tensors import Tensor, as_stream, is_array


def _flatten(use: Use) -> Tensor:
    x, shape = use.x, use.x.shape
    axis = use.get("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    return x.reshape(prod(shape[:axis]), prod(shape[axis:]))


def _reshape(use: Use) -> Tensor:
    shape: tuple[int, ...] = use.x.shape
    wanted = use.integers("shape", 1) or []
    keep = not use.get("allowzero", 0)
    extents = [shape[i] if n == 0 and keep else n for i, n in enumerate(wanted)]
    rest = prod(shape) // max(1, prod(n for n in extents if n != -1))
    return use.x.reshape(*(rest if n == -1 else n for n in extents))


def _unsqueeze(use: Use) -> Tensor:
    shape = use.x.shape
    axes = use.integers("axes", 1) or []
    rank, kept = len(shape) + len(axes), iter(shape)
    return use.x.reshape(*(1 if i in {a % rank for a in axes} else next(kept) for i in range(rank)))


def _squeeze(use: Use) -> Tensor:
    shape = use.x.shape
    axes = use.integers("axes", 1)
    dropped = {i for i, n in enumerate(shape) if n == 1} if axes is None else {a % len(shape) for a in axes}
    return use.x.reshape(*(n for i, n in enumerate(shape) if i not in dropped))


def _transpose(use: Use) -> Tensor:
    shape = use.x.shape
    return moved(use.x, [int(i) for i in use.get("perm", range(len(shape))[::-1])])


def moved(x: Tensor, order: list[int]) -> Tensor:
    """A transposition; one that leaves the order of elements is a change of shape."""
    extents = [x.shape[i] for i in order]
    long = [i for i in order if x.shape[i] > 1]
    return x.reshape(*extents) if long == sorted(long) else x.transpose(*order)


def _slice(use: Use) -> Tensor:
    x = use.x
    starts, ends = use.integers("starts", 1) or [], use.integers("ends", 2) or []
    axes = use.integers("axes", 3, range(len(starts))) or []
    steps = use.integers("steps", 4) or [1] * len(starts)
    parts = [slice(None)] * len(x.shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        first, last, by = slice(start, end, step).indices(x.shape[axis])
        parts[axis] = slice(first, None if last < 0 else last, by)
    return x[tuple(parts)] if len(parts) > 1 else x[parts[0]]


def _part(x: Tensor, axis: int, start: int, count: int) -> Tensor:
    parts = [slice(None)] * len(x.shape)
    parts[axis] = slice(start, start + count)
    return x[tuple(parts)] if len(parts) > 1 else x[parts[0]]


def _split(use: Use) -> tuple[Tensor, ...]:
    x = use.x
    axis, number = use.axis(len(x.shape), 0), len(use.node.outputs)
    sizes = use.integers("split", 1)
    if sizes is None:
        each = -(-x.shape[axis] // number)
        sizes = [each] * (number - 1) + [x.shape[axis] - each * (number - 1)]
    starts = np.cumsum([0, *sizes]).tolist()
    return tuple(_part(x, axis, start, count) for start, count in zip(starts, sizes, strict=False))


def _concat(use: Use) -> Tensor:
    parts = [as_stream(value) for value in use.inputs]
    return parts[0] if len(parts) == 1 else concat(*parts, axis=use.axis(len(parts[0].shape), 0))


def _gather(use: Use) -> Tensor:
    table, positions = use.stream(0), use.given(1)
    axis = use.axis(len(table.shape), 0)
    rest = (*table.shape[:axis],), (*table.shape[axis + 1 :],)
    if is_array(positions):
        chosen = [int(n) % table.shape[axis] for n in positions.reshape(-1)]
        step = chosen[1] - chosen[0] if len(chosen) > 1 else 1
        if step and chosen == list(range(chosen[0], chosen[0] + step * len(chosen), step)):
            stop = chosen[-1] + (1 if step > 0 else -1)
            parts = [slice(None)] * len(table.shape)
            parts[axis] = slice(chosen[0], stop if stop >= 0 else None, step)
            found = table[tuple(parts)] if len(parts) > 1 else table[parts[0]]
        else:
            single = [_part(table, axis, n, 1) for n in chosen]
            found = single[0] if len(single) == 1 else concat(*single, axis=axis)
        return found.reshape(*rest[0], *positions.shape, *rest[1])
    if axis:
        use.refuse("takes elements at positions that are not constant along another axis than the first")
    count = prod(positions.shape)
    each = [table[positions.reshape(count)[i]] for i in range(count)]
    return (each[0] if count == 1 else stack(*each)).reshape(*positions.shape, *rest[1])


def _expand(use: Use) -> Tensor:
    shape = use.integers("shape", 1) or []
    return repeated(use.x, np.broadcast_shapes(use.x.shape, tuple(shape)))


def repeated(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``x`` broadcast to a shape: the product with ones, which is exact."""
    return x if x.shape == shape else x * constant(np.ones(shape, dtype=np.float32), name="ones")


def _tile(use: Use) -> Tensor:
    x = use.x
    for axis, count in enumerate(use.integers("repeats", 1) or []):
        x = concat(*[x] * count, axis=axis) if count > 1 else x
    return x


def _pad(use: Use) -> Tensor:
    x, mode = use.x, use.get("mode", "constant")
    sides = use.integers("pads", 1) or []
    axes = use.integers("axes", 3, range(len(x.shape))) or []
    value = use.parameter("value", 2, 0.0)
    for number, axis in enumerate(axes):
        before, after = sides[number], sides[number + len(axes)]
        axis %= len(x.shape)
        if mode == "constant":
            x = _with_constant(x, axis, before, after, float(value.reshape(-1)[0]))
            continue
        wide: Any = np.pad
        indices: list[int] = wide(np.arange(x.shape[axis]), (max(before, 0), max(after, 0)), mode=mode).tolist()
        x = concat(*(_part(x, axis, i, 1) for i in indices), axis=axis)
    return x


def _with_constant(x: Tensor, axis: int, before: int, after: int, value: float) -> Tensor:
    if before < 0 or after < 0:
        x = _part(x, axis, max(0, -before), x.shape[axis] + min(0, before) + min(0, after))
    shape = x.shape
    parts: list[Tensor] = [x]
    for count, place in ((before, 0), (after, 2)):
        if count > 0:
            fill = np.full((*shape[:axis], count, *shape[axis + 1 :]), value, dtype=np.float32)
            parts.insert(place, constant(fill, name="padding"))
    return concat(*parts, axis=axis) if len(parts) > 1 else x


def _space_to_depth(use: Use) -> Tensor:
    x, size = use.x, int(use.get("blocksize"))
    n, c, h, w = x.shape
    order = (0, 3, 5, 1, 2, 4) if use.get("mode", "DCR") == "DCR" else (0, 1, 3, 5, 2, 4)
    y = x.reshape(n, c, h // size, size, w // size, size).transpose(*order)
    return y.reshape(n, c * size * size, h // size, w // size)


def _depth_to_space(use: Use) -> Tensor:
    x, size = use.x, int(use.get("blocksize"))
    n, c, h, w = x.shape
    own = c // (size * size)
    if use.get("mode", "DCR") == "DCR":
        y = x.reshape(n, size, size, own, h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        y = x.reshape(n, own, size, size, h, w).transpose(0, 1, 4, 2, 5, 3)
    return y.reshape(n, own, h * size, w * size)


def _filled(use: Use) -> Any:
    return np.full(use.array(0, "a shape").tolist(), use.get("value", np.zeros(1, np.float32)).reshape(-1)[0])


def _shape(use: Use) -> Any:
    extents = use.x.shape
    return np.array(extents[use.get("start", 0) : use.get("end", len(extents))], dtype=np.int64)


SHAPES: Rules = {
    "Concat": _concat,
    "ConstantOfShape": _filled,
    "DepthToSpace": _depth_to_space,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Pad": _pad,
    "Reshape": _reshape,
    "Shape": _shape,
    "Size": lambda use: np.array(prod(use.x.shape), dtype=np.int64),
    "Slice": _slice,
    "SpaceToDepth": _space_to_depth,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
