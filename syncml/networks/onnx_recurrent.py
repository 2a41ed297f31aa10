"""RNN, GRU and LSTM of ONNX as layers of the library.

Rule: ONNX orders the gates of a GRU as update, reset, candidate and of an LSTM as input, output, forget, cell; the
library orders them as PyTorch does. Tensors are (time, batch, features), or with layout 1 (batch, time, features). Each
row of the batch is a network of its own. A reverse direction takes the steps of the window from the last to the first,
and its results stand at the steps that they are of; a bidirectional operator has both side by side.

With one step in a window, forward, and first states that are fixed, the state lives on from instant to instant.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import concat
from syncml.networks.onnx_use import Use
from syncml.networks.tensors import Tensor, as_stream, is_array
from syncml.nodes.activations import relu
from syncml.nodes.neural import GRU, LSTM, RNN

_GATES = {"RNN": (0,), "GRU": (1, 0, 2), "LSTM": (0, 2, 3, 1)}
"""For each gate of the library, in order, its position in ONNX."""
_ACTIVATIONS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}


_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
"""Whether each direction of an operator runs backwards."""


def recurrent(use: Use) -> tuple[Any, ...]:
    """The results Y, Y_h and, for an LSTM, Y_c of a recurrent operator."""
    given: list[Tensor] = [*use.inputs, *[None] * (8 - len(use.inputs))]
    x, _, _, _, lengths, start_h, start_c, _ = given
    rows_first = bool(use.get("layout", 0))
    if rows_first:
        x, start_h, start_c = (_exchanged(tensor) for tensor in (x, start_h, start_c))
    time, batch = x.shape[0], x.shape[1]
    if lengths is not None and not (is_array(lengths) and bool((lengths == time).all())):
        use.refuse("has sequence lengths")
    directions = _DIRECTIONS[use.get("direction", "forward")]
    found = [
        [_states(use, given, (x, start_h, start_c), direction, row) for row in range(batch)]
        for direction in range(len(directions))
    ]
    # By step, direction and row.
    n = use.get("hidden_size", given[2].shape[2])
    sequence = [rows[row][t][0] for t in range(time) for rows in found for row in range(batch)]
    y = _stacked(sequence, (time, len(directions), batch, n))
    ends = [0 if backwards else time - 1 for backwards in directions]
    finals = [
        _stacked([rows[row][end][part] for rows, end in zip(found, ends, strict=True) for row in range(batch)],
                 (len(directions), batch, n))
        for part in range(len(found[0][0][0]))
    ]  # fmt: skip
    if rows_first:
        y, finals = y.transpose(2, 0, 1, 3), [_exchanged(final) for final in finals]
    return (y, *finals)


def _exchanged(tensor: Tensor) -> Tensor:
    """A tensor with its first two axes exchanged."""
    return None if tensor is None else tensor.transpose(1, 0, 2)


def _stacked(parts: list[Any], shape: tuple[int, ...]) -> Any:
    return (parts[0] if len(parts) == 1 else concat(*parts)).reshape(*shape)


def _states(
    use: Use, given: list[Tensor], taken: tuple[Tensor, Tensor, Tensor], direction: int, row: int
) -> list[tuple[Any, ...]]:
    """The states of one row in one direction, in the order of time."""
    kind = use.node.operator
    x, start_h, start_c = taken[0], *(None if s is None else s[direction][row] for s in taken[1:])
    layer = _layer(use, given, direction, start_h, start_c)
    steps = [x[t][row].reshape(x.shape[2]) for t in range(x.shape[0])]
    backwards = _DIRECTIONS[use.get("direction", "forward")] != (False,)
    if len(steps) == 1 and not backwards and _fixed(start_h) and _fixed(start_c):
        return [layer.lstm(steps[0]) if kind == "LSTM" else (getattr(layer, kind.lower())(steps[0]),)]
    if _DIRECTIONS[use.get("direction", "forward")][direction]:
        return _along(layer, kind, steps[::-1], start_h, start_c)[::-1]
    return _along(layer, kind, steps, start_h, start_c)


def _fixed(start: Any) -> bool:
    return start is None or is_array(start)


def _along(layer: Any, kind: str, steps: list[Any], start_h: Any, start_c: Any) -> list[tuple[Any, ...]]:
    """The states along a time axis within one instant."""

    def first(start: Any) -> Any:
        return as_stream(np.zeros(layer.hidden) if start is None else start).reshape(layer.hidden)

    state: tuple[Any, ...] = (first(start_h), first(start_c)) if kind == "LSTM" else (first(start_h),)
    states: list[tuple[Any, ...]] = []
    for x in steps:
        state = layer.cell(x, *state) if kind == "LSTM" else (layer.cell(x, *state),)
        states.append(state)
    return states


def _layer(use: Use, given: list[Tensor], direction: int, start_h: Tensor, start_c: Tensor) -> Any:
    kind, get = use.node.operator, use.get
    w, r, b = given[1:4]
    if not is_array(w) or not is_array(r) or not (b is None or is_array(b)):
        use.refuse("has weights that are not constant")
    if "clip" in use.node.attributes:
        use.refuse("is clipped")
    usual = _ACTIVATIONS[kind] * len(_DIRECTIONS[get("direction", "forward")])
    count = len(_ACTIVATIONS[kind])
    activations = [name.capitalize() for name in get("activations", usual)][direction * count : (direction + 1) * count]
    if activations != _ACTIVATIONS[kind] and (kind, activations) != ("RNN", ["Relu"]):
        use.refuse(f"has the activations {', '.join(activations)}")
    bias = np.zeros(2 * r.shape[1], dtype=np.float32) if b is None else b[direction]
    rows = r.shape[1]
    w_ih, w_hh, b_ih, b_hh = (_ordered(t, kind) for t in (w[direction], r[direction], bias[:rows], bias[rows:]))
    initial = start_h.reshape(-1) if is_array(start_h) else None
    match kind:
        case "RNN":
            return (
                RNN(w_ih, w_hh, b_ih, b_hh, initial)
                if activations == ["Tanh"]
                else RNN(w_ih, w_hh, b_ih, b_hh, initial, relu)
            )
        case "GRU":
            return GRU(w_ih, w_hh, b_ih, b_hh, initial, bool(get("linear_before_reset", 0)))
        case _:
            cell = start_c.reshape(-1) if is_array(start_c) else None
            return LSTM(w_ih, w_hh, b_ih, b_hh, initial, cell, _peepholes(use, given[7], direction))


def _peepholes(use: Use, weights: Tensor, direction: int) -> NDArray[Any] | None:
    """From the cell to the gates; ONNX orders them as input, output, forget."""
    if weights is None:
        return None
    if not is_array(weights):
        use.refuse("has peepholes that are not constant")
    i, o, f = np.split(weights[direction], 3)
    return np.concatenate([i, f, o])


def _ordered(tensor: NDArray[Any], kind: str) -> NDArray[Any]:
    parts = np.split(tensor, len(_GATES[kind]))
    return np.concatenate([parts[i] for i in _GATES[kind]])
