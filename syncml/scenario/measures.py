"""What conditions measure: boxes, distances, times.

Rule: a box is measured in road coordinates, turned by its heading against the road. A free distance is that between
two boxes, and zero where they overlap. Longitudinal distances are along the road; with ``along_actor`` they are along
the heading of the first actor, in the plane. A time to collision or a headway that never comes is infinite.
"""

from __future__ import annotations

import math

from syncml.scenario.arrays import (
    ACCELERATION,
    ALPHA,
    C_ALONG,
    C_AXIS,
    C_FREE,
    C_MEASURE,
    C_OTHER,
    C_PLACE,
    C_RULE,
    C_SLOT,
    CHANGE,
    L_SLOT,
    NONE,
    S_RATE,
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
    angle = x.motion[i, ALPHA]
    return 0.5 * (abs(w.sizes[i, 0] * math.cos(angle)) + abs(w.sizes[i, 1] * math.sin(angle)))


def half_width(w: Table, x: State, i: int) -> float:
    """Half of the extent of an actor's box across the road."""
    angle = x.motion[i, ALPHA]
    return 0.5 * (abs(w.sizes[i, 0] * math.sin(angle)) + abs(w.sizes[i, 1] * math.cos(angle)))


def middle_s(w: Table, x: State, i: int) -> float:
    """The s of the middle of an actor's box."""
    angle = x.motion[i, ALPHA]
    return x.motion[i, S] + w.sizes[i, 2] * math.cos(angle) - w.sizes[i, 3] * math.sin(angle)


def middle_t(w: Table, x: State, i: int) -> float:
    """The t of the middle of an actor's box."""
    angle = x.motion[i, ALPHA]
    return x.motion[i, T] + w.sizes[i, 2] * math.sin(angle) + w.sizes[i, 3] * math.cos(angle)


def overlap(w: Table, x: State, i: int, j: int) -> bool:
    """Whether two boxes overlap: no side of either separates them."""
    ds, dt = middle_s(w, x, j) - middle_s(w, x, i), middle_t(w, x, j) - middle_t(w, x, i)
    for k in range(4):
        angle = x.motion[i if k < 2 else j, ALPHA] + (0.5 * math.pi if k % 2 else 0.0)
        cos, sin = math.cos(angle), math.sin(angle)
        reach = 0.0
        for n in range(2):
            actor = i if n == 0 else j
            turned = x.motion[actor, ALPHA] - angle
            reach += 0.5 * (abs(w.sizes[actor, 0] * math.cos(turned)) + abs(w.sizes[actor, 1] * math.sin(turned)))
        if abs(ds * cos + dt * sin) >= reach:
            return False
    return True


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
    hi += x.motion[i, ALPHA]
    hj += x.motion[j, ALPHA]
    turned = hj - hi
    ahead = (xj - xi) * math.cos(hi) + (yj - yi) * math.sin(hi)
    left = (yj - yi) * math.cos(hi) - (xj - xi) * math.sin(hi)
    if free:
        ahead += w.sizes[j, 2] * math.cos(turned) - w.sizes[j, 3] * math.sin(turned) - w.sizes[i, 2]
        left += w.sizes[j, 2] * math.sin(turned) + w.sizes[j, 3] * math.cos(turned) - w.sizes[i, 3]
        length = abs(w.sizes[j, 0] * math.cos(turned)) + abs(w.sizes[j, 1] * math.sin(turned)) + w.sizes[i, 0]
        width = abs(w.sizes[j, 0] * math.sin(turned)) + abs(w.sizes[j, 1] * math.cos(turned)) + w.sizes[i, 1]
        ahead = max(abs(ahead) - 0.5 * length, 0.0)
        left = max(abs(left) - 0.5 * width, 0.0)
    if axis == 0:
        return abs(ahead)
    return abs(left) if axis == 1 else math.hypot(ahead, left)


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
        return math.hypot(w.numbers[slot] - mx, w.numbers[slot + 1] - my)
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
