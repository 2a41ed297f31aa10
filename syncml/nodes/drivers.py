"""Reference drivers for cut-ins, of the Joint Research Centre of the European Commission: what is preventable by whom.

Rule: a driver keeps its speed until it judges a situation to be unsafe; then it reacts, and brakes while it stays so.
Each node returns the deceleration over the next tick, m/s², not negative; it acts on scalars and, run by run, on
vectors of f32 or f64. Inputs, common to all: ``ahead``, from centre to centre along the road, m, negative once the
other is behind; ``aside``, between the flanks, m, negative where they overlap; ``speed`` and ``other``, m/s;
``towards``, the speed of the other to the own lane, m/s.

Sources: UN Regulation 157, 5.2.5.2 and Annex 4, Appendix 3; Shalev-Shwartz et al. 2017 (RSS); Mattas et al.: Fuzzy
surrogate safety metrics, Accident Analysis & Prevention 148, 2020 (FSM). Parameters and order of evaluation are those
of the JRC's comparison, which runs at 10 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from syncml.lang.functions import constant, maximum, minimum, where
from syncml.lang.kernel import first
from syncml.lang.node import node
from syncml.lang.registers import state
from syncml.lang.stream import Stream

Real: TypeAlias = Any
"""A stream of f32 or f64, a scalar or a vector."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What the drivers have in common.

    Attributes:
        tick: The period of the clock, s.
        length: Of both cars, m.
        jerk: How fast braking builds up, m/s³.
        braking: The hardest braking on a good road, m/s².
        reaction: Of the drivers CC, RSS and FSM, s.
    """

    tick: float = 0.1
    length: float = 4.3
    jerk: float = 12.65
    braking: float = 0.774 * 9.81
    reaction: float = 0.75

    def ticks(self, reaction: float) -> int:
        """The ticks that a reaction takes: it ends at the first one at which its time is over."""
        return int(np.ceil(reaction / self.tick - 1e-9))


STUDY = Reference()


def _register(value: float, model: Real) -> Any:
    """A register of the shape and type of a stream."""
    each: Any = np.full(model.shape, value)
    return state(init=constant(each) if model.shape else value, type=model)


def _reaction(unsafe: Any, ticks: int) -> tuple[Any, Any]:
    """Where the driver reacts, and where it brakes: unsafe instants are counted."""
    each: Any = np.full(unsafe.shape, ticks, dtype=np.int32)
    left: Any = state(init=constant(each) if unsafe.shape else ticks)
    reacts = unsafe & (left > 0)
    left.next = where(reacts, left - 1, left)
    return reacts, unsafe & (left <= 0)


def _ramp(braking: Any, reacts: Any, released: float, most: Real, model: Real, rules: Reference) -> Real:
    """The deceleration: ``released`` while reacting, then up by the jerk to ``most``; none where all is safe."""
    last = _register(0.0, model)
    harder = minimum(minimum(last + rules.jerk * rules.tick, rules.braking), most)
    last.next = where(braking, harder, where(reacts, released, last) if released else last)
    command = where(braking, harder, 0.0)
    return where(reacts, released, command) if released else command


@node
def human_driver(
    ahead: Stream[Any], aside: Stream[Any], speed: Stream[Any], other: Stream[Any], rules: Reference = STUDY
) -> tuple[Stream[Any], Stream[Any]]:
    """The competent and careful human driver (CC): unsafe if the other is in the lane and collides in less than 2 s.

    It releases the pedal (0.4 m/s²) for its reaction time, then brakes with limited jerk.

    Returns:
        The deceleration, and whether the other is in the lane without being a risk, where the study ends the run.
    """
    gap: Any = ahead - rules.length
    relative: Any = speed - other
    inside: Any = (ahead >= 0.0) & (aside <= 0.0)
    # abs(gap / relative) > 2, for a gap that does not close too.
    late: Any = abs(gap) > 2.0 * abs(relative)
    unsafe = inside & ~late
    reacts, braking = _reaction(unsafe, rules.ticks(rules.reaction))
    return _ramp(braking, reacts, 0.4, rules.braking, speed, rules), inside & late


@node
def regulation_driver(
    ahead: Stream[Any], aside: Stream[Any], speed: Stream[Any], other: Stream[Any], rules: Reference = STUDY
) -> Stream[Any]:
    """The rule of UN R157, 5.2.5.2 (Reg157): brakes with 6 m/s² after 0.35 s.

    Unsafe within 0.5 m to the side if the time to collision is at most v_rel / (2 * 6 m/s²) + 0.35 s and one tick.
    """
    gap: Any = ahead - rules.length
    relative: Any = speed - other
    bound = relative / 12.0 + 0.35 + rules.tick
    unsafe: Any = (ahead >= 0.0) & (aside <= 0.5) & (abs(gap) <= bound * abs(relative))
    _, braking = _reaction(unsafe, rules.ticks(0.35))
    return where(braking, 6.0, speed * 0.0)


@node
def rss_driver(
    ahead: Stream[Any],
    aside: Stream[Any],
    speed: Stream[Any],
    other: Stream[Any],
    towards: Stream[Any],
    rules: Reference = STUDY,
) -> Stream[Any]:
    """RSS: unsafe within both safe distances, a_max 3 m/s², braking 6 m/s², to the side 1 m/s² and 0.3 m.

    The lateral distance counts the other's approach only, as the study does.
    """
    p = rules.reaction
    after: Any = speed + 3.0 * p
    along: Any = speed * p + 1.5 * p * p + after * after / 12.0 - other * other / 12.0
    lateral: Any = abs(towards)
    across = 0.3 + (2.0 * lateral + p) * p / 2.0 + (lateral + p) * (lateral + p) / 2.0
    unsafe = (ahead >= 0.0) & (ahead - rules.length < along) & (aside < across)
    reacts, braking = _reaction(unsafe, rules.ticks(p))
    return _ramp(braking, reacts, 0.0, rules.braking, speed, rules)


def _between(distance: Real, safe: Real, unsafe: Real) -> Real:
    """0 beyond ``safe``, 1 below ``unsafe``, linear between."""
    span = where(safe > unsafe, safe - unsafe, 1.0)
    return where(distance > safe, 0.0, where(distance < unsafe, 1.0, (safe - distance) / span))


def proactive(distance: Real, speed: Real, other: Real, reaction: float) -> Real:
    """The proactive fuzzy metric (PFS), from 0 (safe) to 1: can the car stop behind one that brakes with 7 m/s²?"""
    base = speed * reaction - other * other / 14.0
    return _between(distance - 2.0, base + speed * speed / 8.0 + 2.0, base + speed * speed / 12.0)


def critical(distance: Real, speed: Real, other: Real, acceleration: Real, reaction: float) -> Real:
    """The critical fuzzy metric (CFS), from 0 to 1: can it avoid one that keeps its speed?"""
    a = maximum(acceleration, -4.0)
    later = speed + reaction * a
    way = (speed + 0.5 * reaction * a - other) * reaction
    closing = later - other
    fuzzy = _between(distance, way + closing * closing / 8.0, way + closing * closing / 12.0)
    slowing = where(later < other, abs(2.0 * acceleration), 1.0)
    stops = later < other
    short = distance < (speed - other) * (speed - other) / slowing
    return where(speed <= other, 0.0, where(stops & short, 1.0, where(stops, 0.0, fuzzy)))


@node
def fuzzy_driver(
    ahead: Stream[Any],
    aside: Stream[Any],
    speed: Stream[Any],
    other: Stream[Any],
    towards: Stream[Any],
    rules: Reference = STUDY,
) -> Stream[Any]:
    """The fuzzy safety model (FSM): brakes as hard as its two metrics are unsafe.

    That is with 4 m/s² to 6 m/s² where the critical one is, with up to 4 m/s² where only the proactive one is.
    A car beside counts if it gets into the lane before the own one has passed it.
    """
    last = _register(0.0, speed)
    last.next = speed
    acceleration = where(first(), 0.0, (speed - last) / rules.tick)
    relative: Any = speed - other
    approaching: Any = towards > 0.0
    entry: Any = aside / where(approaching, towards, 1.0)
    # Later than the own car has passed it; where the own car is the slower one, the quotient is negative.
    passed: Any = (ahead + rules.length) / where(relative == 0.0, 1.0, relative)
    never: Any = (relative != 0.0) & (entry > passed + 0.1)
    beside = (aside > 0.0) & (~approaching | never)
    gap: Any = ahead - rules.length
    worst = critical(gap, speed, other, acceleration, rules.reaction)
    early = proactive(gap, speed, other, rules.reaction)
    unsafe = (ahead >= 0.0) & ~beside & (worst + early > 0.0)
    reacts, braking = _reaction(unsafe, rules.ticks(rules.reaction))
    most = where(worst > 0.0, 4.0 + 2.0 * worst, 4.0 * early)
    return _ramp(braking, reacts, 0.0, most, speed, rules)
