"""What tracing knows about when a stream is present.

    presence ::= base | presence on C(x) | presence every w | pending | unknown

This is not clock inference, which comes later and sees the whole program. `sample` and `hold` only need the clock
that a stream was sampled from, and its rate, at the moment they are traced. A constant, a state or a wire has no
clock of its own at first: it is *pending* until it meets a stream that has one, or until a rate has to be computed,
which takes it to be on the base clock. Where the two disagree the user is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from fractions import Fraction
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.clocks import ALWAYS, Word
from syncml.ir.equations.syntax import Var


@dataclass(frozen=True, slots=True)
class OnBase:
    """Present at each tick of the node."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """On a clock that tracing cannot tell."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """Present where ``condition`` (on ``parent``) is ``constructor``; a periodic one has a ``word`` and may lack it."""

    parent: Presence
    condition: Var | None
    constructor: bool | str
    word: Word | None = None


@dataclass(slots=True, eq=False)
class Pending:
    """Not known yet; ``committed`` is where it was taken for the base clock."""

    known: Presence | None = None
    committed: Span | None = field(default=None)


Presence: TypeAlias = OnBase | Unknown | Sampled | Pending
ON_BASE = OnBase()
UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Conflict(Exception):
    """A stream was sampled as one of the base clock at ``committed``, and turns out to be on another."""

    committed: Span


def resolve(presence: Presence) -> Presence:
    """``presence`` itself, or what a pending one was found to be."""
    while isinstance(presence, Pending) and presence.known is not None:
        presence = presence.known
    return presence


def same(left: Presence, right: Presence) -> bool:
    """Whether two presences are known to be one clock."""
    left, right = resolve(left), resolve(right)
    if isinstance(left, Pending) or isinstance(right, Pending):
        return True
    if isinstance(left, Sampled) and isinstance(right, Sampled):
        if left.word is not None or right.word is not None:
            return left.word == right.word and same(left.parent, right.parent)
        return left.condition is right.condition and left.constructor == right.constructor
    return isinstance(left, OnBase) and isinstance(right, OnBase)


def join(presences: Iterable[Presence]) -> Presence:
    """The clock that the arguments of an operator share.

    Raises:
        Conflict: a pending stream was already taken for another clock.
    """
    given = list(presences)
    resolved = [resolve(p) for p in given]
    known = [p for p in resolved if not isinstance(p, Pending)]
    pending = [p for p in resolved if isinstance(p, Pending)]
    if not known:
        result: Presence = pending[0] if pending else Pending()
        for other in pending[1:]:
            if other is not result:
                other.known = result
        return result
    if any(isinstance(p, Unknown) for p in known):
        return UNKNOWN  # Reported already, or by clock inference.
    if not all(same(p, known[0]) for p in known[1:]):
        for presence in given:
            if (span := _commitment(presence)) is not None:
                raise Conflict(span)
        return UNKNOWN
    if any(_samples(known[0], other) for other in pending):
        return UNKNOWN  # A clock below itself: reported by clock inference.
    for other in pending:
        other.known = known[0]
    return known[0]


def _samples(presence: Presence, pending: Pending) -> bool:
    """Whether a clock is one of the instants of ``pending``."""
    while isinstance(presence, Sampled):
        presence = resolve(presence.parent)
    return presence is pending


def _commitment(presence: Presence) -> Span | None:
    while isinstance(presence, Pending) and presence.known is not None:
        if presence.committed is not None:
            return presence.committed
        presence = presence.known
    return None


def commit(presence: Presence, at: Span) -> Presence:
    """Decide a pending presence: it is the base clock."""
    presence = resolve(presence)
    if not isinstance(presence, Pending):
        return presence
    presence.committed, presence.known = at, ON_BASE
    return ON_BASE


def rate(presence: Presence, node_rate: Fraction | None) -> Fraction | None:
    """The rate in hertz of a clock that ticks evenly; None for any other."""
    presence = resolve(presence)
    factor = Fraction(1)
    while isinstance(presence, Sampled):
        if presence.word is None or sum(presence.word.period) != 1:
            return None
        factor *= presence.word.rate
        presence = resolve(presence.parent)
    return factor * node_rate if isinstance(presence, OnBase) and node_rate is not None else None


def present_first(presence: Presence) -> bool:
    """Whether a sampled stream is certainly present at the first instant of the clock it was sampled from."""
    presence = resolve(presence)
    return isinstance(presence, Sampled) and (presence.word or ALWAYS).at(0) == 1 and presence.word is not None
