"""Neural layers: a layer object owns weights, a call makes state.

Rule: weights are arrays of finite ``f32`` numbers in the layout of PyTorch (one row for each output); products run
over the inputs in ascending order and the bias is added last, as in every other product of the language. Recurrent
layers keep their hidden state on the clock of their input and return the new state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import constant, tanh, zeros
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import Vec
from syncml.nodes.activations import identity, relu
from syncml.nodes.recurrences import affine, gru_step, lstm_step, rnn_step

__all__ = ["GRU", "LSTM", "MLP", "RNN", "Activation", "Dense", "Vector", "Weights", "identity", "normalise", "relu"]

Weights: TypeAlias = Mapping[str, NDArray[Any]]
Vector: TypeAlias = Stream[Vec[Any]]
Activation: TypeAlias = Callable[[Vector], Vector]


def _affine(x: Vector, weight: NDArray[Any], bias: NDArray[Any], name: str) -> Vector:
    return affine(constant(weight, name=f"{name}_weight"), constant(bias, name=f"{name}_bias"), x)


@dataclass(frozen=True, eq=False)
class Dense:
    """``activation(weight @ x + bias)``.

    Attributes:
        weight: (outputs, inputs).
        bias: (outputs,).
        activation: Applied to each output.
        name: Names the weights in generated code.
    """

    weight: NDArray[Any]
    bias: NDArray[Any]
    activation: Activation = identity
    name: str = "dense"

    def __call__(self, x: Vector) -> Vector:
        """The layer's output; a vector of the inputs on any clock."""
        return self.activation(_affine(x, self.weight, self.bias, self.name))


@dataclass(frozen=True, eq=False)
class MLP:
    """Dense layers in sequence; a call is one instance of a node."""

    layers: tuple[Dense, ...]

    @staticmethod
    def of(weights: Weights, activation: Activation, prefix: str = "") -> MLP:
        """Layers from tensors ``{prefix}{i}.weight`` and ``{prefix}{i}.bias``, i from 0; the last layer is linear."""
        count = sum(1 for name in weights if name.startswith(prefix) and name.endswith(".weight"))
        return MLP(
            tuple(
                Dense(
                    weights[f"{prefix}{i}.weight"],
                    weights[f"{prefix}{i}.bias"],
                    activation if i < count - 1 else identity,
                    f"layer{i}",
                )
                for i in range(count)
            )
        )

    @node
    def mlp(self, x: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
        """The composition of the layers."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __call__(self, x: Vector) -> Vector:
        """An instance of the network."""
        return self.mlp(x)


@dataclass(frozen=True, eq=False)
class _Recurrent:
    """Weights of a recurrent layer with ``gates`` gates stacked along the rows, as PyTorch stores them.

    Attributes:
        weight_ih: (gates * hidden, inputs), applied to the input.
        weight_hh: (gates * hidden, hidden), applied to the previous hidden state.
        bias_ih: (gates * hidden,).
        bias_hh: (gates * hidden,).
        initial: (hidden,), the hidden state before the first instant; zero by default.
    """

    weight_ih: NDArray[Any]
    weight_hh: NDArray[Any]
    bias_ih: NDArray[Any]
    bias_hh: NDArray[Any]
    initial: NDArray[Any] | None = None

    @classmethod
    def of(cls, weights: Weights, prefix: str = "") -> Any:
        """The layer from the tensors ``{prefix}weight_ih`` and so on."""
        return cls(*(weights[f"{prefix}{name}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))

    @property
    def hidden(self) -> int:
        """The number of hidden units."""
        return self.weight_hh.shape[1]

    def _start(self) -> Vector:
        return zeros(self.hidden) if self.initial is None else constant(self.initial)

    def _pre_activations(self, x: Vector, h: Vector) -> tuple[Vector, Vector]:
        """The parts of all gates from the input and from the state."""
        from_input = _affine(x, self.weight_ih, self.bias_ih, "input")
        from_state = _affine(h, self.weight_hh, self.bias_hh, "recurrent")
        return from_input, from_state


@dataclass(frozen=True, eq=False)
class RNN(_Recurrent):
    """``h' = activation(W_ih x + b_ih + W_hh h + b_hh)``, see `rnn_step`."""

    activation: Activation = tanh

    def cell(self, x: Vector, h: Vector) -> Vector:
        """The new hidden state, as a function of the old one."""
        return rnn_step(*self._pre_activations(x, h), self.activation)

    @node
    def rnn(self, x: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
        """The new hidden state."""
        h = state(init=self._start())
        hidden = self.cell(x, h)
        h.next = hidden
        return hidden

    def __call__(self, x: Vector) -> Vector:
        """An instance with its own state."""
        return self.rnn(x)


@dataclass(frozen=True, eq=False)
class GRU(_Recurrent):
    """A gated recurrent unit, see `gru_step`.

    Attributes:
        reset_after: The reset gate acts on the product of the state (PyTorch, cuDNN); otherwise on the state before it.
    """

    reset_after: bool = True

    def cell(self, x: Vector, h: Vector) -> Vector:
        """The new hidden state, as a function of the old one."""
        from_input, from_state = self._pre_activations(x, h)
        rows = slice(2 * self.hidden, None)

        def late(held: Vector) -> Vector:
            return _affine(held, self.weight_hh[rows], self.bias_hh[rows], "candidate")

        return gru_step(from_input, from_state, h, None if self.reset_after else late)

    @node
    def gru(self, x: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
        """The new hidden state."""
        h = state(init=self._start())
        hidden = self.cell(x, h)
        h.next = hidden
        return hidden

    def __call__(self, x: Vector) -> Vector:
        """An instance with its own state."""
        return self.gru(x)


@dataclass(frozen=True, eq=False)
class LSTM(_Recurrent):
    """A long short-term memory, see `lstm_step`.

    Attributes:
        initial_cell: (hidden,), the cell before the first instant; zero by default.
        peepholes: (3 * hidden,), from the cell to the gates input, forget and output; none by default.
    """

    initial_cell: NDArray[Any] | None = None
    peepholes: NDArray[Any] | None = None

    def cell(self, x: Vector, h: Vector, c: Vector) -> tuple[Vector, Vector]:
        """The new hidden state and cell, as a function of the old ones."""
        from_input, from_state = self._pre_activations(x, h)
        if self.peepholes is None:
            return lstm_step(from_input, from_state, c)
        i, f, o = (constant(part, name="peephole") for part in np.split(self.peepholes, 3))
        return lstm_step(from_input, from_state, c, (i, f, o))

    @node
    def lstm(self, x: Stream[Vec[Any]]) -> tuple[Stream[Vec[Any]], Stream[Vec[Any]]]:
        """The new hidden state and the new cell."""
        h = state(init=self._start())
        c = state(init=zeros(self.hidden) if self.initial_cell is None else constant(self.initial_cell))
        hidden, cell = self.cell(x, h, c)
        h.next = hidden
        c.next = cell
        return hidden, cell

    def __call__(self, x: Vector) -> Vector:
        """The hidden state of an instance with its own state."""
        return self.lstm(x)[0]


def normalise(x: Vector, mean: Sequence[float] | NDArray[Any], scale: Sequence[float] | NDArray[Any]) -> Vector:
    """``(x - mean) / scale``, elementwise: what a policy was trained on."""
    return (x - np.asarray(mean, dtype=np.float32)) / np.asarray(scale, dtype=np.float32)
