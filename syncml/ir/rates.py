"""Clocks in words and in hertz.

Rule: the rate of ``base every w`` is the share of ones in w times the rate of the node; a clock that depends on data
has no rate, only the rate of the clock it is taken from as an upper bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from math import lcm, prod

from syncml.ir.clocks import BASE, Base, Clock, On, Periodic, steps


def rate_of(clock: Clock, node_rate: Fraction | None) -> Fraction | None:
    """The rate of ``clock`` in hertz; None where it depends on data or the node has no rate."""
    share = share_of(clock)
    return None if node_rate is None or share is None else share * node_rate


def share_of(clock: Clock) -> Fraction | None:
    """The share of the base instants at which ``clock`` is present in the long run; None where it depends on data."""
    path = steps(clock)
    return (
        None
        if any(isinstance(s, On) for s in path)
        else prod((s.word.rate for s in path if isinstance(s, Periodic)), start=Fraction(1))
    )


def in_hertz(rate: Fraction) -> str:
    """``rate`` as an engineer writes it: ``100 Hz``, ``0.5 Hz``, ``100/3 Hz``."""
    if rate.denominator == 1:
        return f"{rate.numerator} Hz"
    decimal = f"{float(rate):.6g}"
    return f"{decimal} Hz" if Fraction(decimal) == rate else f"{rate.numerator}/{rate.denominator} Hz"


def text_of(clock: Clock) -> str:
    """``str(clock)``, for clocks of any depth."""
    alone = (Periodic(BASE, s.word) if isinstance(s, Periodic) else replace(s, parent=BASE) for s in steps(clock))
    return "base" + "".join(str(step).removeprefix("base") for step in alone)


def describe(clock: Clock, rate: Fraction | None) -> str:
    """``clock`` for a person: its rate where it has one, then the clock itself.

    Args:
        clock: A clock of a node.
        rate: The rate of the node's base clock in hertz, if it has one.

    Returns:
        Such as ``25 Hz (base every (1000))``, ``base on not c`` or ``base``.
    """
    text = text_of(clock)
    own = rate_of(clock, rate)
    if own is not None:
        return f"{in_hertz(own)} ({text})"
    return text


def hyperperiod(clocks: Iterable[Clock]) -> tuple[int, int]:
    """After how many base instants the periodic clocks repeat: (length before the repetition, its period).

    A word below a condition on data counts instants of that condition, so it adds nothing here.
    """
    prefix, period = 0, 1
    for clock in clocks:
        if isinstance(clock, Periodic) and isinstance(clock.parent, Base):
            prefix = max(prefix, len(clock.word.prefix))
            period = lcm(period, len(clock.word.period))
    return prefix, period
