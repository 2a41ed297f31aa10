"""Optimisers: how parameters follow their gradients, once for each segment.

    descend(batch, Adam(rate=0.01), (w, d_w), (b, d_b), limit=1.0)

Rule: at the end of a segment every parameter ``w``, a state of the segments (`Segments.carry`), gets

    w.next = update of (w, the sum of d_w over the segment, what the optimiser remembers of w)

where ``d_w`` is the adjoint of ``w`` (`syncml.learn.value_and_grad`). What an optimiser remembers is carried from
segment to segment as the parameter is. The sums, the norm and the updates are computed in the order of the arguments.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from syncml.lang.functions import cos, minimum, sqrt
from syncml.lang.kernel import when
from syncml.lang.registers import State
from syncml.lang.segments import Segments
from syncml.lang.stream import Stream
from syncml.learn.sums import mean, number_like, total, zeros_like

Number: TypeAlias = Stream[Any]
Rate: TypeAlias = float | Callable[[Number], Number]
"""A rate, or what gives it from the number of segments before: 0, 1, ..."""


def exponential(start: float, decay: float) -> Callable[[Number], Number]:
    """``start * decay ** n``."""
    return lambda n: start * number_like(n, decay) ** n


def cosine(start: float, segments: int, end: float = 0.0) -> Callable[[Number], Number]:
    """From ``start`` down to ``end`` along half a cosine in so many segments (Loshchilov, Hutter 2017)."""

    def rate(n: Number) -> Number:
        share = minimum(n / float(segments), 1.0)
        return end + (start - end) * 0.5 * (1.0 + cos(math.pi * share))

    return rate


class Optimiser(ABC):
    """How one parameter follows its gradient; ``rate`` is how far."""

    rate: Rate

    @abstractmethod
    def update(self, block: Segments, w: Stream[Any], g: Stream[Any], rate: Number | float) -> Stream[Any]:
        """The next value of a parameter; all streams are on the clock of the ends of ``block``."""


@dataclass(frozen=True)
class SGD(Optimiser):
    """``v' = momentum v + g``; ``w' = w - rate v'`` (Sutskever et al. 2013, in the form of PyTorch).

    Attributes:
        rate: The step.
        momentum: How much of the last step is kept.
        weight_decay: ``g`` has this part of ``w`` added to it.
    """

    rate: Rate
    momentum: float = 0.0
    weight_decay: float = 0.0

    def update(self, block: Segments, w: Stream[Any], g: Stream[Any], rate: Number | float) -> Stream[Any]:
        """The next value."""
        if self.weight_decay:
            g = g + self.weight_decay * w
        if self.momentum:
            v = block.carry(init=zeros_like(w))
            v.next = g = self.momentum * when(v, block.last) + g
        return w - rate * g


@dataclass(frozen=True)
class RMSProp(Optimiser):
    """``s' = decay s + (1 - decay) g^2``; ``w' = w - rate g / (sqrt(s') + epsilon)`` (Hinton 2012)."""

    rate: Rate
    decay: float = 0.99
    epsilon: float = 1e-8

    def update(self, block: Segments, w: Stream[Any], g: Stream[Any], rate: Number | float) -> Stream[Any]:
        """The next value."""
        s = block.carry(init=zeros_like(w))
        s.next = following = self.decay * when(s, block.last) + (1.0 - self.decay) * (g * g)
        return w - rate * (g / (sqrt(following) + self.epsilon))


@dataclass(frozen=True)
class Adam(Optimiser):
    """Adam (Kingma, Ba 2015), and AdamW (Loshchilov, Hutter 2019) with a weight decay.

    m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;  t' = t + 1
    w' = w - rate (m' / (1 - b1^t')) / (sqrt(v' / (1 - b2^t')) + epsilon) - rate weight_decay w
    """

    rate: Rate
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def update(self, block: Segments, w: Stream[Any], g: Stream[Any], rate: Number | float) -> Stream[Any]:
        """The next value."""
        first, second = self.betas
        m, v = block.carry(init=zeros_like(w)), block.carry(init=zeros_like(w))
        m.next = m_next = first * when(m, block.last) + (1.0 - first) * g
        v.next = v_next = second * when(v, block.last) + (1.0 - second) * (g * g)
        # The powers of the betas are carried, for a product is exact where a power is not.
        powers = [block.carry(init=number_like(w, 1.0)) for _ in self.betas]
        for power, beta in zip(powers, self.betas, strict=True):
            power.next = beta * when(power, block.last)
        m_hat = m_next / (1.0 - first * when(powers[0], block.last))
        v_hat = v_next / (1.0 - second * when(powers[1], block.last))
        following = w - rate * (m_hat / (sqrt(v_hat) + self.epsilon))
        return following - (rate * self.weight_decay) * w if self.weight_decay else following


def descend(
    block: Segments,
    optimiser: Optimiser,
    *pairs: tuple[State[Any], Stream[Any]],
    limit: float | None = None,
    average: bool = False,
) -> Stream[Any]:
    """Let parameters follow their gradients; used inside of ``with block``.

    Args:
        block: The segments at whose ends the parameters change.
        optimiser: How.
        pairs: Each parameter with its adjoint, on the clock of the segments.
        limit: The norm of all gradients together that is not exceeded: they are scaled down to it.
        average: Whether the gradient is the mean over the instants of the segment, in place of the sum.

    Returns:
        The norm of all gradients together, before it is limited, at the end of each segment.
    """
    if not pairs:
        raise ValueError("descend(...) takes at least one pair of a parameter and its adjoint")
    gradients = [(mean if average else total)(block, d) for _, d in pairs]
    squares: list[Number] = [_square(g) for g in gradients]
    norm: Number = sqrt(sum(squares[1:], squares[0]))
    if limit is not None:
        scale: Number = limit / (norm + 1e-6)
        gradients = [g * minimum(scale, 1.0) for g in gradients]
    rate: Number | float
    if callable(optimiser.rate):
        count = block.carry(init=number_like(squares[0], 0.0))
        so_far = when(count, block.last)
        count.next = so_far + 1.0
        rate = optimiser.rate(so_far)
    else:
        rate = optimiser.rate
    for (w, _), g in zip(pairs, gradients, strict=True):
        w.next = optimiser.update(block, when(w, block.last), g, rate)
    return norm


def _square(g: Stream[Any]) -> Number:
    """The sum of the squares of the elements."""
    square: Any = g * g
    return square.sum() if square.shape else square
