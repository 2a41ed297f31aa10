"""One step of recurrent layers, as a function of what the input and the state before contribute.

Rule: a layer has several gates, side by side along the last axis. ``given`` is what the input contributes to all of
them, ``kept`` what the state does, each with its bias. The equations are of single units, so they are the same for one
vector of units and for rows of units. Layers with weights of their own (`syncml.nodes.neural`) and layers that are
learned (`syncml.learn.networks`) take these equations, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from syncml.lang.functions import sigmoid, tanh
from syncml.lang.stream import Stream

Units: TypeAlias = Stream[Any]
"""Numbers of one type, the units along the last axis."""


def _among(units: Units) -> Callable[..., Any]:
    """The index of the units from the first number up to the second, in numbers of as many axes as ``units``."""
    rank = len(units.shape)

    def chosen(start: int, stop: int | None = None) -> Any:
        return (*(slice(None),) * (rank - 1), slice(start, stop)) if rank > 1 else slice(start, stop)

    return chosen


def affine(weight: Stream[Any], bias: Stream[Any], x: Units) -> Units:
    """``weight @ x + bias``, the sum of the product in ascending order and the bias last; for each row of ``x``."""
    if len(x.shape) > 1:
        rows: Units = x @ weight.T
        return rows + bias
    product: Units = weight @ x
    return product + bias


def rnn_step(given: Units, kept: Units, activation: Callable[[Any], Any] = tanh) -> Units:
    """The new hidden state (Elman 1990): ``activation(given + kept)``."""
    return activation(given + kept)


def gru_step(given: Units, kept: Units, h: Units, late: Callable[[Units], Units] | None = None) -> Units:
    """The new hidden state of a gated recurrent unit (Cho et al. 2014), gates in the order reset, update, candidate.

    r = sigmoid(given_r + kept_r), z = sigmoid(given_z + kept_z), c = tanh(given_c + r * kept_c),
    h' = (1 - z) * c + z * h.

    Args:
        given: What the input contributes to the gates.
        kept: What the state contributes to them.
        h: The hidden state before.
        late: What a state contributes to the candidate, if the reset gate acts on the state and not on that product
            (the form of the paper): then it takes the place of ``r * kept_c``, with ``r * h`` for the state.
    """
    at, units = _among(h), h.shape[-1]
    # One loop over both gates: its length suits vector units better than two short loops.
    both = 2 * units
    gates = sigmoid(given[at(0, both)] + kept[at(0, both)])
    reset, update = gates[at(0, units)], gates[at(units)]
    i_c, s_c = given[at(both)], kept[at(both)]
    if late is None:  # noqa: SIM108 - streams are named after the variable of a statement
        candidate = tanh(i_c + reset * s_c)
    else:
        candidate = tanh(i_c + late(reset * h))
    return (1.0 - update) * candidate + update * h


def lstm_step(
    given: Units, kept: Units, c: Units, peepholes: tuple[Units, Units, Units] | None = None
) -> tuple[Units, Units]:
    """The new hidden state and cell of a long short-term memory (Hochreiter, Schmidhuber 1997).

    Gates are in the order input, forget, cell, output: c' = sigmoid(f) * c + sigmoid(i) * tanh(g),
    h' = sigmoid(o) * tanh(c').

    Args:
        given: What the input contributes to the gates.
        kept: What the hidden state contributes to them.
        c: The cell before.
        peepholes: Weights (units,) with which the cell contributes to the gates input, forget and output, the last of
            which sees the new cell (Gers, Schmidhuber 2000).
    """
    at, n = _among(c), c.shape[-1]
    total = given + kept
    if peepholes is not None:
        to_i, to_f, to_o = peepholes
        cell = sigmoid(total[at(n, 2 * n)] + to_f * c) * c
        cell += sigmoid(total[at(0, n)] + to_i * c) * tanh(total[at(2 * n, 3 * n)])
        return sigmoid(total[at(3 * n)] + to_o * cell) * tanh(cell), cell
    both = sigmoid(total[at(0, 2 * n)])
    i, f, g, o = both[at(0, n)], both[at(n)], total[at(2 * n, 3 * n)], total[at(3 * n)]
    cell = f * c + i * tanh(g)
    return sigmoid(o) * tanh(cell), cell
