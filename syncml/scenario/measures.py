"""What conditions measure: boxes, distances, times.

Rule: a box is measured in road coordinates, turned by its heading against the road. A free distance is that between
two boxes, and zero where they overlap. Longitudinal distances are along the road; with ``along_actor`` they are along
the heading of the first actor, in the plane. A time to collision or a headway that never comes is infinite.
"""

from __future__ import annotations

import math

from syncml.scenario.arrays import (
    ACCELERATION,
    C_ALONG,
    C_AXIS,
    C_FREE,
    C_MEASURE,
    C_OTHER,
    C_PLACE,
    C_RULE,
    C_SLOT,
    CHANGE,
    COSINE,
    L_SLOT,
    NONE,
    S_RATE,
    SINE,
    SPEED,
    STATE,
    STILL,
    TRAVELLED,
    S,
    State,
    T,
    Table,
)
from syncml.scenario.roads import to_world


def half_length(w: Table, x: State, i: int) -> float:
    """Half of the extent of an actor's box along the road."""
    return 0.5 * (abs(w.sizes[i, 0] * x.motion[i, COSINE]) + abs(w.sizes[i, 1] * x.motion[i, SINE]))


def half_width(w: Table, x: State, i: int) -> float:
    """Half of the extent of an actor's box across the road."""
    return 0.5 * (abs(w.sizes[i, 0] * x.motion[i, SINE]) + abs(w.sizes[i, 1] * x.motion[i, COSINE]))


def middle_s(w: Table, x: State, i: int) -> float:
    """The s of the middle of an actor's box."""
    return x.motion[i, S] + w.sizes[i, 2] * x.motion[i, COSINE] - w.sizes[i, 3] * x.motion[i, SINE]


def middle_t(w: Table, x: State, i: int) -> float:
    """The t of the middle of an actor's box."""
    return x.motion[i, T] + w.sizes[i, 2] * x.motion[i, SINE] + w.sizes[i, 3] * x.motion[i, COSINE]


def overlap(w: Table, x: State, i: int, j: int) -> bool:
    """Whether two boxes overlap: no side of either separates them."""
    ds, dt = middle_s(w, x, j) - middle_s(w, x, i), middle_t(w, x, j) - middle_t(w, x, i)
    # Nearly always they are apart along the road already.
    if abs(ds) >= half_length(w, x, i) + half_length(w, x, j):
        return False
    ci, si, cj, sj = x.motion[i, COSINE], x.motion[i, SINE], x.motion[j, COSINE], x.motion[j, SINE]
    cos, sin = abs(ci * cj + si * sj), abs(ci * sj - si * cj)
    li, wi, lj, wj = w.sizes[i, 0], w.sizes[i, 1], w.sizes[j, 0], w.sizes[j, 1]
    return (
        2.0 * abs(ds * ci + dt * si) < li + lj * cos + wj * sin
        and 2.0 * abs(dt * ci - ds * si) < wi + lj * sin + wj * cos
        and 2.0 * abs(ds * cj + dt * sj) < lj + li * cos + wi * sin
        and 2.0 * abs(dt * cj - ds * sj) < wj + li * sin + wi * cos
    )


def distance(w: Table, x: State, i: int, j: int, axis: int, free: int, along_actor: int) -> float:
    """The distance between two actors."""
    if axis == 2 and free and overlap(w, x, i, j):
        return 0.0
    if along_actor or axis == 2:
        return _in_the_plane(w, x, i, j, axis, free)
    if axis == 0:
        if not free:
            return abs(x.motion[j, S] - x.motion[i, S])
        return max(abs(middle_s(w, x, j) - middle_s(w, x, i)) - half_length(w, x, i) - half_length(w, x, j), 0.0)
    if not free:
        return abs(x.motion[j, T] - x.motion[i, T])
    return max(abs(middle_t(w, x, j) - middle_t(w, x, i)) - half_width(w, x, i) - half_width(w, x, j), 0.0)


def _in_the_plane(w: Table, x: State, i: int, j: int, axis: int, free: int) -> float:
    """A distance in world coordinates, along or across the heading of the first actor, or in a straight line.

    The free distance in a straight line is that of the two boxes along the axes of the first one.
    """
    xi, yi, hi = to_world(w.line, x.motion[i, S], x.motion[i, T])
    xj, yj, hj = to_world(w.line, x.motion[j, S], x.motion[j, T])
    ci, si = _turned(math.cos(hi), math.sin(hi), x.motion[i, COSINE], x.motion[i, SINE])
    cj, sj = _turned(math.cos(hj), math.sin(hj), x.motion[j, COSINE], x.motion[j, SINE])
    ahead = (xj - xi) * ci + (yj - yi) * si
    left = (yj - yi) * ci - (xj - xi) * si
    if free:
        cos, sin = ci * cj + si * sj, ci * sj - si * cj
        ahead += w.sizes[j, 2] * cos - w.sizes[j, 3] * sin - w.sizes[i, 2]
        left += w.sizes[j, 2] * sin + w.sizes[j, 3] * cos - w.sizes[i, 3]
        length = abs(w.sizes[j, 0] * cos) + abs(w.sizes[j, 1] * sin) + w.sizes[i, 0]
        width = abs(w.sizes[j, 0] * sin) + abs(w.sizes[j, 1] * cos) + w.sizes[i, 1]
        ahead = max(abs(ahead) - 0.5 * length, 0.0)
        left = max(abs(left) - 0.5 * width, 0.0)
    if axis == 0:
        return abs(ahead)
    return abs(left) if axis == 1 else math.sqrt(ahead * ahead + left * left)


def _turned(cos: float, sin: float, more_cos: float, more_sin: float) -> tuple[float, float]:
    """The cosine and the sine of the sum of two angles."""
    return cos * more_cos - sin * more_sin, sin * more_cos + cos * more_sin


def closing_speed(x: State, i: int, j: int) -> float:
    """How fast the distance along the road shrinks."""
    approach = x.motion[i, S_RATE] - x.motion[j, S_RATE]
    return approach if x.motion[j, S] >= x.motion[i, S] else -approach


def compare(rule: int, left: float, right: float) -> bool:
    """A comparison by its rule; see `storyboard.Rule`."""
    if rule == 0:
        return left > right
    if rule == 1:
        return left < right
    if rule == 2:
        return left == right
    if rule == 3:
        return left >= right
    return left <= right if rule == 4 else left != right


def measure(w: Table, x: State, c: int, i: int, now: float) -> float:
    """What a condition measures, of actor i; 1 or 0 for a truth."""
    row = w.conditions[c]
    kind, other = row[C_MEASURE], row[C_OTHER]
    if kind == 0:
        return now
    if kind == 2:
        return distance(w, x, i, other, row[C_AXIS], row[C_FREE], row[C_ALONG])
    if kind == 3:
        speed = abs(x.motion[i, SPEED])
        gap = distance(w, x, i, other, row[C_AXIS], row[C_FREE], row[C_ALONG])
        return gap / speed if speed > 0.0 else math.inf
    if kind == 4:
        closing = closing_speed(x, i, other)
        gap = distance(w, x, i, other, row[C_AXIS], row[C_FREE], row[C_ALONG])
        return gap / closing if closing > 0.0 else math.inf
    if kind == 5:
        return x.motion[i, SPEED]
    if kind == 6:
        return x.motion[i, SPEED] - x.motion[other, SPEED]
    if kind == 7:
        return x.motion[i, ACCELERATION]
    if kind == 8:
        return x.motion[i, STILL]
    if kind == 9:
        return x.motion[i, TRAVELLED]
    if kind == 12:
        slot = w.places[row[C_PLACE], L_SLOT]
        mx, my, _ = to_world(w.line, x.motion[i, S], x.motion[i, T])
        dx, dy = w.numbers[slot] - mx, w.numbers[slot + 1] - my
        return math.sqrt(dx * dx + dy * dy)
    return x.variables[int(other)]


def _holds(w: Table, x: State, c: int, i: int, now: float) -> bool:
    row = w.conditions[c]
    kind = row[C_MEASURE]
    bound = w.numbers[int(row[C_SLOT])]
    if kind == 10:
        return overlap(w, x, i, row[C_OTHER])
    if kind == 11:
        last = w.line[w.line.shape[0] - 1, 0] + w.line[w.line.shape[0] - 1, 4]
        return x.motion[i, S] <= 0.0 or x.motion[i, S] >= last
    return compare(row[C_RULE], measure(w, x, c, i, now), bound)


def test(w: Table, x: State, c: int, first: int, last: int, now: float) -> bool:
    """Whether the test of a condition passes now, for one or for all of the actors that it is about."""
    row = w.conditions[c]
    if row[C_MEASURE] == 1:
        element, wanted = row[C_OTHER], int(w.numbers[row[C_SLOT]])
        if wanted <= 2:
            return x.status[element, STATE] == wanted
        return (x.status[element, CHANGE] >> wanted) & 1 != 0
    if first == last:
        return _holds(w, x, c, NONE, now)
    every = row[8] != 0
    for n in range(first, last):
        if _holds(w, x, c, w.members[n], now) != every:
            return not every
    return every
