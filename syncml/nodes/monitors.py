"""Safety distances and the monitors that compare with them: RSS, time to collision, time headway.

Rule: pure functions of scalar streams of one float type, on their clock; metres, seconds. RSS is
responsibility-sensitive safety (Shalev-Shwartz, Shammah, Shashua: On a formal model of safe and scalable
self-driving cars, 2017; IEEE 2846).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from syncml.lang.contracts import ensure
from syncml.lang.functions import maximum, minimum, where
from syncml.lang.node import node
from syncml.lang.stream import Stream

Real: TypeAlias = Any
"""A scalar stream of f32 or f64."""


@dataclass(frozen=True, slots=True)
class Rss:
    """The parameters of responsibility-sensitive safety; the defaults are those of the JRC's study of cut-ins.

    Attributes:
        reaction: s.
        acceleration: The most during the reaction, m/s².
        braking: The least of the rear car afterwards, m/s².
        lead_braking: The most of the front car, m/s².
        lateral_acceleration: The most to the side during the reaction, m/s².
        lateral_braking: The least to the side afterwards, m/s².
        margin: The distance to the side that is kept in any case, m.
    """

    reaction: float = 0.75
    acceleration: float = 3.0
    braking: float = 6.0
    lead_braking: float = 6.0
    lateral_acceleration: float = 1.0
    lateral_braking: float = 1.0
    margin: float = 0.3


JRC = Rss()


@node
def rss_longitudinal(rear: Stream[Any], front: Stream[Any], rules: Rss = JRC) -> Stream[Any]:
    """The safe distance of a car behind another, m; not negative.

    [v p + a p²/2 + (v + a p)²/(2 b) - v_front²/(2 b_front)]+

    Args:
        rear: The speed of the car behind, m/s; not negative.
        front: The speed of the car ahead, m/s; not negative.
        rules: The parameters.

    Contract: it is not negative.
    """
    p, a = rules.reaction, rules.acceleration
    after: Any = rear + a * p
    total: Any = (
        rear * p + 0.5 * a * p * p + after * after / (2 * rules.braking) - front * front / (2 * rules.lead_braking)
    )
    distance = maximum(0.0, total)
    ensure(distance >= 0.0, "distance not negative")
    return distance


@node
def rss_lateral(left: Stream[Any], right: Stream[Any], rules: Rss = JRC) -> Stream[Any]:
    """The safe distance of two cars side by side, m; at least ``rules.margin``.

    m + [(v1 + v1') p/2 + v1'²/(2 b) - (v2 + v2') p/2 + v2'²/(2 b)]+ with v1' = v1 + p a, v2' = v2 - p a.

    Args:
        left: The speed of the left car to the right, m/s.
        right: The speed of the right car to the right, m/s.
        rules: The parameters.

    Contract: it is at least ``rules.margin``.
    """
    p, change, twice = rules.reaction, rules.reaction * rules.lateral_acceleration, 2 * rules.lateral_braking
    v1: Any = left + change
    v2: Any = right - change
    total: Any = 0.5 * p * (left + v1) + v1 * v1 / twice - (0.5 * p * (right + v2) - v2 * v2 / twice)
    distance = maximum(rules.margin, total + rules.margin)
    ensure(distance >= rules.margin, "distance at least the margin")
    return distance


@node
def rss_monitor(
    gap: Stream[Any],
    rear: Stream[Any],
    front: Stream[Any],
    aside: Stream[Any],
    left: Stream[Any],
    right: Stream[Any],
    rules: Rss = JRC,
) -> Stream[bool]:
    """Whether a situation is dangerous: both distances are shorter than the safe ones.

    Args:
        gap: Between the cars along the road, m.
        rear: The speed of the car behind, m/s; not negative.
        front: The speed of the car ahead, m/s; not negative.
        aside: Between the cars across the road, m; not positive where they overlap.
        left: The speed of the left car to the right, m/s.
        right: The speed of the right car to the right, m/s.
        rules: The parameters.

    Contract: cars that overlap are in danger; cars that are as far apart as is safe, along or across the road, are not.
    """
    along, across = rss_longitudinal(rear, front, rules), rss_lateral(left, right, rules)
    danger: Any = (gap < along) & (aside < across)
    ensure(~danger | ((gap < along) & (aside < across)), "danger only within both safe distances")
    ensure(danger | ~((gap < 0.0) & (aside < 0.0)), "cars that overlap are in danger")
    return danger


@node
def time_to_collision(gap: Stream[Any], closing: Stream[Any], horizon: float = 100.0) -> Stream[Any]:
    """``gap / closing``, s, from 0 to ``horizon``; ``horizon`` where the cars do not approach.

    Args:
        gap: m.
        closing: The speed at which it shrinks, m/s.
        horizon: The longest time that is told apart, s.

    Contract: it is from 0 to ``horizon``.
    """
    nears: Any = closing > 0.0
    soon: Any = gap < horizon * closing
    time = where(nears & soon, gap / where(nears, closing, 1.0), horizon)
    bounded: Any = minimum(horizon, maximum(0.0, time))
    ensure((bounded >= 0.0) & (bounded <= horizon), "within the horizon")
    return bounded


@node
def time_headway(gap: Stream[Any], speed: Stream[Any], horizon: float = 100.0) -> Stream[Any]:
    """``gap / speed``, s, from 0 to ``horizon``: when the car is where the one ahead is now.

    Args:
        gap: m.
        speed: Of the car behind, m/s; ``horizon`` where it is not above 0.
        horizon: The longest time that is told apart, s.

    Contract: it is from 0 to ``horizon``.
    """
    return time_to_collision(gap, speed, horizon)
