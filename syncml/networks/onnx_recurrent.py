"""RNN, GRU and LSTM of ONNX as layers of the library.

Rule: ONNX orders the gates of a GRU as update, reset, candidate and of an LSTM as input, output, forget, cell; the
library orders them as PyTorch does. Tensors are (time, batch, features); the batch is 1, the direction forward.
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


def recurrent(use: Use) -> tuple[Any, ...]:
    """The results Y, Y_h and, for an LSTM, Y_c of a recurrent operator."""
    given: list[Tensor] = [*use.inputs, *[None] * (8 - len(use.inputs))]
    x, _, _, _, lengths, start_h, start_c, peepholes = given
    kind = use.node.operator
    if lengths is not None or (kind == "LSTM" and peepholes is not None):
        use.refuse("has sequence lengths or peepholes")
    layer = _layer(use, given)
    time, batch = x.shape[0], x.shape[1]
    if batch != 1:
        use.refuse(f"has a batch of {batch}")
    steps = [x[t].reshape(x.shape[2]) for t in range(time)]
    if time == 1 and _fixed(start_h) and _fixed(start_c):
        states = [layer.lstm(steps[0]) if kind == "LSTM" else (getattr(layer, kind.lower())(steps[0]),)]
    else:
        states = _along(layer, kind, steps, start_h, start_c)
    n = layer.hidden
    sequence = [h.reshape(1, 1, 1, n) for h, *_ in states]
    y = sequence[0] if len(sequence) == 1 else concat(*sequence, axis=0)
    return (y, *(last.reshape(1, 1, n) for last in states[-1]))


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


def _layer(use: Use, given: list[Tensor]) -> Any:
    kind, get = use.node.operator, use.get
    _, w, r, b, _, start_h, start_c, _ = given
    if not is_array(w) or not is_array(r) or not (b is None or is_array(b)):
        use.refuse("has weights that are not constant")
    if get("direction", "forward") != "forward" or get("layout", 0) != 0 or "clip" in use.node.attributes:
        use.refuse("runs backward, batch first, or clipped")
    activations = [name.capitalize() for name in get("activations", _ACTIVATIONS[kind])]
    if activations != _ACTIVATIONS[kind] and (kind, activations) != ("RNN", ["Relu"]):
        use.refuse(f"has the activations {', '.join(activations)}")
    bias = np.zeros((1, 2 * r.shape[1]), dtype=np.float32) if b is None else b
    rows = r.shape[1]
    w_ih, w_hh, b_ih, b_hh = (_ordered(t, kind) for t in (w[0], r[0], bias[0][:rows], bias[0][rows:]))
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
            return LSTM(w_ih, w_hh, b_ih, b_hh, initial, start_c.reshape(-1) if is_array(start_c) else None)


def _ordered(tensor: NDArray[Any], kind: str) -> NDArray[Any]:
    parts = np.split(tensor, len(_GATES[kind]))
    return np.concatenate([parts[i] for i in _GATES[kind]])
