"""Layers that are learned: records of parameters, with the equations of the library.

    class Net(Record):
        memory: GRU
        read: Dense

    net = parameter(batch, Net, shape={"memory": GRU.shapes(4, 16), "read": Dense.shapes(16, 2)})
    h.next = net.memory(x, h)
    y = net.read(h.next)

Rule: a layer is a function of its weights, of what comes in and of the state before; it has no state of its own.
Weights have the layout of PyTorch, one row for each output, and the gates one below the other. The equations are those
of `syncml.nodes.neural`, so a layer of that module that is given the learned numbers computes the same bits; its ``of``
takes the tensors of a checkpoint by the prefix ``net.memory.``. What comes in is a vector, or a matrix with a row for
each sequence of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from syncml.lang.functions import tanh
from syncml.lang.records import Record
from syncml.lang.stream import Stream
from syncml.lang.types import Mat, Vec
from syncml.nodes.recurrences import Units, affine, gru_step, lstm_step, rnn_step

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""The extents of the weights of a layer by name, for `parameter`."""


class Dense(Record):
    """``weight @ x + bias``."""

    weight: Stream[Mat[Any, Any]]
    bias: Stream[Vec[Any]]

    @staticmethod
    def shapes(inputs: int, outputs: int) -> Shapes:
        """The extents of the weights."""
        return {"weight": (outputs, inputs), "bias": (outputs,)}

    def __call__(self, x: Units) -> Units:
        """The outputs, on the clock of ``x``: (inputs,) to (outputs,), or so for each row."""
        return affine(self.weight, self.bias, x)


class _Recurrent(Record):
    weight_ih: Stream[Mat[Any, Any]]
    weight_hh: Stream[Mat[Any, Any]]
    bias_ih: Stream[Vec[Any]]
    bias_hh: Stream[Vec[Any]]

    def _gates(self, x: Units, h: Units) -> tuple[Units, Units]:
        """What the input and the state contribute to the gates."""
        return affine(self.weight_ih, self.bias_ih, x), affine(self.weight_hh, self.bias_hh, h)


def _shapes(gates: int, inputs: int, units: int) -> Shapes:
    rows = gates * units
    return {"weight_ih": (rows, inputs), "weight_hh": (rows, units), "bias_ih": (rows,), "bias_hh": (rows,)}


class RNN(_Recurrent):
    """A recurrent layer of Elman, see `rnn_step`."""

    @staticmethod
    def shapes(inputs: int, units: int) -> Shapes:
        """The extents of the weights."""
        return _shapes(1, inputs, units)

    def __call__(self, x: Units, h: Units, activation: Callable[[Any], Any] = tanh) -> Units:
        """The hidden state after ``x``; ``h`` is the one before, (units,) or a row for each row of ``x``."""
        return rnn_step(*self._gates(x, h), activation)


class GRU(_Recurrent):
    """A gated recurrent unit whose reset gate acts on the product of the state, see `gru_step`."""

    @staticmethod
    def shapes(inputs: int, units: int) -> Shapes:
        """The extents of the weights."""
        return _shapes(3, inputs, units)

    def __call__(self, x: Units, h: Units) -> Units:
        """The hidden state after ``x``; ``h`` is the one before, (units,) or a row for each row of ``x``."""
        return gru_step(*self._gates(x, h), h)


class LSTM(_Recurrent):
    """A long short-term memory, see `lstm_step`."""

    @staticmethod
    def shapes(inputs: int, units: int) -> Shapes:
        """The extents of the weights."""
        return _shapes(4, inputs, units)

    def __call__(self, x: Units, h: Units, c: Units) -> tuple[Units, Units]:
        """The hidden state and the cell after ``x``; ``h`` and ``c`` are those before, as for `GRU`."""
        return lstm_step(*self._gates(x, h), c)
