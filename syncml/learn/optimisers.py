"""Optimisers: how parameters follow their gradients.

    descend(batch, Adam(rate=0.01), (w, d_w), (net, d_net), limit=1.0)       once for each segment

    memory = adam.start(w)                                                   as functions, for `fold` and the like
    w, memory = adam.step(w, g, memory)

Rule: ``step`` gives the next value of every leaf of ``w``, a stream, a record of streams or a tuple of these, and of
what is remembered of it. `descend` is ``step`` at the end of each segment: with ``d_w`` the adjoint of ``w``
(`syncml.learn.value_and_grad`),

    w.next, memory.next = step(w, the sum of d_w over the segment, memory)

where what is remembered is carried from segment to segment as a parameter is. The sums, the norm and the updates are
computed in the order of the arguments.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from syncml.ir.operators import Op
from syncml.lang.functions import cos, minimum, sqrt
from syncml.lang.kernel import when
from syncml.lang.operations import apply_at, value_of
from syncml.lang.registers import State
from syncml.lang.segments import Segments
from syncml.lang.source import here
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import POISON, fault, trace_at
from syncml.learn.memories import Remembered, remember
from syncml.learn.parameters import Parameter
from syncml.learn.sums import mean, number_like, total, zeros_like
from syncml.learn.trees import correspond, leaves, mapped

T = TypeVar("T")
Number: TypeAlias = Stream[Any]
Memory: TypeAlias = tuple[Any, ...]
"""What an optimiser remembers, as streams: the number of updates, then what there is of each leaf."""
Rate: TypeAlias = float | Callable[[Number], Number]
"""A rate, or what gives it from the number of updates before: 0, 1, ..."""

_PARTIAL_SUMS = 64
"""So many squares are summed beside each other."""


def exponential(start: float, decay: float) -> Callable[[Number], Number]:
    """``start * decay ** n``."""
    return lambda n: start * number_like(n, decay) ** n


def linear(start: float, updates: int, end: float = 0.0) -> Callable[[Number], Number]:
    """From ``start`` to ``end`` along a line in so many updates, then ``end``."""
    return lambda n: start + (end - start) * minimum(n / float(updates), 1.0)


def cosine(start: float, updates: int, end: float = 0.0) -> Callable[[Number], Number]:
    """From ``start`` down to ``end`` along half a cosine in so many updates (Loshchilov, Hutter 2017)."""

    def rate(n: Number) -> Number:
        share = minimum(n / float(updates), 1.0)
        return end + (start - end) * 0.5 * (1.0 + cos(math.pi * share))

    return rate


class Optimiser(ABC):
    """How parameters follow their gradients; ``rate`` is how far."""

    rate: Rate

    def start(self, w: object) -> Memory:
        """What is remembered before the first step: constants of the types of the leaves of ``w``."""
        streams = leaves(w)
        return (number_like(streams[0], 0.0), *(part for leaf in streams for part in self.remembered(leaf)))

    def step(self, w: T, g: object, memory: Memory) -> tuple[T, Memory]:
        """The next values of parameters, and what is remembered then.

        Args:
            w: A stream, a record of streams, or a tuple of these.
            g: The gradient, with the same leaves, on the same clock.
            memory: What the last step gave, or `start`.
        """
        count, *rest = memory
        rate: Number | float = self.rate(count) if callable(self.rate) else self.rate
        parts = iter(rest)
        following: list[Stream[Any]] = []

        def update(leaf: Stream[Any], slope: Stream[Any]) -> Stream[Any]:
            own = tuple(next(parts) for _ in self.remembered(leaf))
            value, remembered = self.update(leaf, slope, own, rate)
            following.extend(remembered)
            return value

        return mapped(update, w, g), (count + 1.0, *following)

    @abstractmethod
    def remembered(self, w: Stream[Any]) -> Memory:
        """What is remembered of one leaf before the first step."""

    @abstractmethod
    def update(
        self, w: Stream[Any], g: Stream[Any], memory: Memory, rate: Number | float
    ) -> tuple[Stream[Any], Memory]:
        """The next value of one leaf, and what is remembered of it then."""


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

    def remembered(self, w: Stream[Any]) -> Memory:
        """The last step, if some of it is kept."""
        return (zeros_like(w),) if self.momentum else ()

    def update(
        self, w: Stream[Any], g: Stream[Any], memory: Memory, rate: Number | float
    ) -> tuple[Stream[Any], Memory]:
        """The next value."""
        if self.weight_decay:
            g = g + self.weight_decay * w
        if self.momentum:
            g = self.momentum * memory[0] + g
        return w - rate * g, (g,) if self.momentum else ()


@dataclass(frozen=True)
class RMSProp(Optimiser):
    """``s' = decay s + (1 - decay) g^2``; ``w' = w - rate g / (sqrt(s') + epsilon)`` (Hinton 2012)."""

    rate: Rate
    decay: float = 0.99
    epsilon: float = 1e-8

    def remembered(self, w: Stream[Any]) -> Memory:
        """The mean square."""
        return (zeros_like(w),)

    def update(
        self, w: Stream[Any], g: Stream[Any], memory: Memory, rate: Number | float
    ) -> tuple[Stream[Any], Memory]:
        """The next value."""
        following = self.decay * memory[0] + (1.0 - self.decay) * (g * g)
        return w - rate * (g / (sqrt(following) + self.epsilon)), (following,)


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

    def remembered(self, w: Stream[Any]) -> Memory:
        """The moments, and the powers of the betas: these are carried, for a product is exact where a power is not."""
        return (zeros_like(w), zeros_like(w), number_like(w, 1.0), number_like(w, 1.0))

    def update(
        self, w: Stream[Any], g: Stream[Any], memory: Memory, rate: Number | float
    ) -> tuple[Stream[Any], Memory]:
        """The next value."""
        first, second = self.betas
        m = first * memory[0] + (1.0 - first) * g
        v = second * memory[1] + (1.0 - second) * (g * g)
        first_power, second_power = first * memory[2], second * memory[3]
        m_hat = m / (1.0 - first_power)
        v_hat = v / (1.0 - second_power)
        following = w - rate * (m_hat / (sqrt(v_hat) + self.epsilon))
        if self.weight_decay:
            following = following - (rate * self.weight_decay) * w
        return following, (m, v, first_power, second_power)


def limited(g: T, limit: float | None) -> tuple[T, Number]:
    """A gradient scaled down to a norm of at most ``limit``, and the norm that it had.

    The norm is that of all leaves together.
    """
    squares = [_square(leaf) for leaf in leaves(g)]
    norm: Number = sqrt(sum(squares[1:], squares[0]))
    if limit is None:
        return g, norm
    scale: Number = limit / (norm + 1e-6)

    def scaled(leaf: Stream[Any]) -> Stream[Any]:
        return leaf * minimum(scale, 1.0)

    return mapped(scaled, g), norm


def descend(
    block: Segments,
    optimiser: Optimiser,
    *pairs: tuple[Any, Any],
    limit: float | None = None,
    average: bool = False,
) -> Stream[Any]:
    """Let parameters follow their gradients; used inside of ``with block``.

    Args:
        block: The segments at whose ends the parameters change.
        optimiser: How.
        pairs: Each parameter, or record of parameters, with its adjoint, on the clock of the segments. A frozen
            parameter stays what it is, and its gradient does not count.
        limit: The norm of all gradients together that is not exceeded: they are scaled down to it.
        average: Whether the gradient is the mean over the instants of the segment, in place of the sum.

    Returns:
        The norm of all gradients together, before it is limited, at the end of each segment.
    """
    if not pairs:
        raise ValueError("descend(...) takes at least one pair of a parameter and its adjoint")
    learned: list[State[Any]] = []
    adjoints: list[Stream[Any]] = []

    def noted(leaf: Stream[Any], slope: Stream[Any]) -> Stream[Any]:
        return _pair(leaf, slope, learned, adjoints)

    for w, d in pairs:
        if not correspond(w, d):
            for leaf in leaves(w):
                noted(leaf, Stream(POISON))
            for state in learned:
                state.next = Stream(POISON)
            return Stream(POISON)
        mapped(noted, w, d)
    if not learned:
        message = "all parameters that are to descend are frozen"
        return Stream(fault("G010", message, here().span, help="leave frozen=True out for one of them"))
    place = here()
    trace = trace_at(place, "`descend`")
    with trace.parts():
        norm = _updated(block, optimiser, learned, adjoints, limit, average=average)
    found = value_of(norm, place)
    return norm if found.atom is None else stream(apply_at(place, trace, Op.COPY, [found]))


def _updated(
    block: Segments,
    optimiser: Optimiser,
    learned: list[State[Any]],
    adjoints: list[Stream[Any]],
    limit: float | None,
    *,
    average: bool,
) -> Number:
    """Give parameters their next values; the norm of all gradients together."""
    summed = tuple((mean if average else total)(block, d) for d in adjoints)
    g, norm = limited(summed, limit)
    w = tuple(when(leaf, block.last) for leaf in learned)
    memory: Remembered[Memory] = remember(block, optimiser.start(w))
    following, memory.next = optimiser.step(w, g, memory.now)
    for leaf, value in zip(learned, following, strict=True):
        leaf.next = value
    return norm


def _pair(leaf: Stream[Any], slope: Stream[Any], learned: list[State[Any]], adjoints: list[Stream[Any]]) -> Stream[Any]:
    """Note a parameter and its adjoint, unless it is frozen."""
    if not isinstance(leaf, State):
        fault("G011", "what is to descend is no parameter", here().span,
              help="make it with parameter(block, ...) or block.carry(...)")  # fmt: skip
    elif not (isinstance(leaf, Parameter) and leaf.frozen):
        learned.append(leaf)
        adjoints.append(slope)
    return leaf


def _square(g: Stream[Any]) -> Number:
    """The sum of the squares of the elements; of many, as partial sums that do not wait for each other."""
    if not g.shape:
        return g * g
    count = math.prod(g.shape)
    rows = count // _PARTIAL_SUMS
    if rows < 4:
        return (g * g).sum()
    flat, whole = g.reshape(count), rows * _PARTIAL_SUMS
    first = flat[:whole].reshape(rows, _PARTIAL_SUMS)
    found: Number = (first * first).sum(axis=0).sum()
    if whole == count:
        return found
    rest = flat[whole:]
    return found + (rest * rest).sum()
