"""Scan of ONNX (opset 9 on): a body that runs along an axis, within one instant.

Rule: for states s and scanned tensors x, the body is taken once for each step t, in order, and gives the next states
and a part of each scanned result:

    s[t + 1], y[t] = body(s[t], x[t])

Step t takes the part of x at t, counted from the end where the direction of x is reverse, along its axis; the parts of
y stand in the order of the steps, or in the opposite one, along its own axis. What the body reads beside its inputs are
tensors of the graph around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from syncml.lang.functions import concat
from syncml.networks.onnx_graph import OnnxBody, OnnxGraph, OnnxNode
from syncml.networks.onnx_use import Rule, Use
from syncml.networks.tensors import Tensor, as_stream, is_array

Results: TypeAlias = Callable[[OnnxNode, Mapping[str, Tensor], OnnxGraph], Mapping[str, Tensor]]
"""The results of an operator by name, from the values so far."""


def scan(results: Results) -> Rule:
    """The rule of Scan; ``results`` computes the operators of a body."""

    def rule(use: Use) -> tuple[Tensor, ...]:
        if use.graph.opset < 9:
            use.refuse(f"is that of opset {use.graph.opset}, which has a batch of its own; that of opset 9 on is read")
        body: OnnxBody = use.get("body")
        scanned = int(use.get("num_scan_inputs"))
        count = len(body.inputs) - scanned
        given = use.inputs[: len(body.inputs)]
        around = dict(zip(body.captured, use.inputs[len(body.inputs) :], strict=True))
        collected = len(body.outputs) - count
        axes = [a % len(x.shape) for a, x in zip(_each(use, "scan_input_axes", scanned), given[count:], strict=True)]
        turned = _each(use, "scan_input_directions", scanned)
        states = list(given[:count])
        steps = given[count].shape[axes[0]]
        parts: list[list[Tensor]] = [[] for _ in range(collected)]
        for step in range(steps):
            values: dict[str, Tensor] = {**around, **body.weights, **dict(zip(body.inputs, states, strict=False))}
            for name, x, axis, back in zip(body.inputs[count:], given[count:], axes, turned, strict=True):
                values[name] = _part(x, axis, steps - 1 - step if back else step)
            for operator in body.nodes:
                values |= results(operator, values, use.graph)
            found = [values[name] for name in body.outputs]
            states = found[:count]
            for collection, x in zip(parts, found[count:], strict=True):
                collection.append(x)
        directions = _each(use, "scan_output_directions", collected)
        along = _each(use, "scan_output_axes", collected)
        whole = [_stacked(p[::-1] if back else p, a) for p, back, a in zip(parts, directions, along, strict=True)]
        return (*states, *whole)

    return rule


def _each(use: Use, name: str, count: int) -> list[int]:
    """An attribute with a number for each of ``count`` tensors, 0 by default."""
    return [int(n) for n in use.get(name, [0] * count)]


def _part(x: Tensor, axis: int, at: int) -> Tensor:
    """``x`` at one place of an axis."""
    if is_array(x):
        return np.take(x, at, axis=axis)
    rest = (*x.shape[:axis], *x.shape[axis + 1 :])
    places: tuple[Any, ...] = (*(slice(None),) * axis, slice(at, at + 1))
    found = x[places if axis else slice(at, at + 1)] if x.shape[axis] > 1 else x
    return found.reshape(*rest) if rest else found[(0,) * len(x.shape)] if len(x.shape) > 1 else found[0]


def _stacked(parts: list[Tensor], axis: int) -> Tensor:
    """Parts side by side along a new axis."""
    rank = len(parts[0].shape) + 1
    axis %= rank
    if all(is_array(x) for x in parts):
        return np.stack(parts, axis=axis)
    streams = [as_stream(x) for x in parts]
    shape = (*streams[0].shape[:axis], 1, *streams[0].shape[axis:])
    spread = [x.reshape(*shape) for x in streams]
    return spread[0] if len(spread) == 1 else concat(*spread, axis=axis)
