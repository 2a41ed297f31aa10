"""What running actions make of the speed and the place of actors, and how these move.

Rule: an action goes from one value to another by a shape f with f(0) = 0 and f(1) = 1: linear p, sinusoidal
(1 - cos(pi p)) / 2, cubic p**2 (3 - 2 p), where p is the part of its time or distance that has passed. A rate is the
greatest slope on the way, so the time is the change over the rate times the greatest slope of the shape: 1, pi / 2,
3 / 2. A greatest lateral acceleration a gives the time pi sqrt(d / 2a) for the sinusoidal and sqrt(6 d / a) for the
cubic shape of a change d. The sign of a rate does not matter, and a rate of zero never arrives.
"""

from __future__ import annotations

import math

from syncml.scenario.arrays import (
    A_ACTOR,
    A_COUNT,
    A_DIMENSION,
    A_KIND,
    A_MODE,
    A_OTHER,
    A_SHAPE,
    A_SLOT,
    ACCELERATION,
    ACTIVE,
    COSINE,
    DIRECTION,
    JUMPED,
    L_FRAME,
    L_OTHER,
    L_SLOT,
    LANE,
    NONE,
    OFFSET,
    OFFSET_NEXT,
    P_AT,
    P_FROM,
    P_RUNS,
    P_SPAN,
    P_START,
    P_TO,
    PLACED,
    S_NEXT,
    S_RATE,
    SINE,
    SPEED,
    SPEED_NEXT,
    STILL,
    T_NEXT,
    TRAVELLED,
    S,
    State,
    T,
    Table,
)
from syncml.scenario.measures import half_length, middle_s
from syncml.scenario.roads import lane_centre, stretch, to_road, to_world

HALF_WAVE = tuple(0.5 * (-1.0) ** n * math.pi ** (2 * n + 1) / math.factorial(2 * n + 1) for n in range(11))
"""Half the sine of pi y by powers of y, for |y| <= 1/2: what is left out is below 1e-17."""


SETTLE = 1.0
"""Seconds in which an actor that keeps a distance makes up for a small part of it that is missing."""


def half_wave(part: float) -> float:
    """(1 - cos(pi part)) / 2 for a part from 0 to 1, with the same bits on every machine."""
    y = part - 0.5
    square, total = y * y, 0.0
    for n in range(11):
        total = HALF_WAVE[10 - n] + square * total
    return 0.5 + y * total


def shaped(shape: int, part: float) -> float:
    """The part of the change that is done when ``part`` of the time or distance has passed."""
    if shape == 0 or part >= 1.0:
        return 1.0
    if part <= 0.0:
        return 0.0
    if shape == 1:
        return part
    if shape == 2:
        return half_wave(part)
    return part * part * (3.0 - 2.0 * part)


def span(shape: int, dimension: int, value: float, change: float) -> float:
    """The time or distance that a change takes."""
    if shape == 0:
        return 0.0
    if dimension != 2:
        return abs(value)
    steepest = 1.0 if shape == 1 else 0.5 * math.pi if shape == 2 else 1.5
    if change == 0.0:
        return 0.0
    return steepest * abs(change) / abs(value) if value != 0.0 else math.inf


def lane_beside(lane: float, count: float) -> float:
    """The lane that is ``count`` lanes to the left; there is no lane 0 between 1 and -1."""
    beside = lane + count
    if lane < 0.0 <= beside:
        return beside + 1.0
    return beside - 1.0 if beside <= 0.0 < lane else beside


def find(w: Table, x: State, place: int, i: int) -> None:
    """Put actor i at a place."""
    frame, other, slot = int(w.places[place, L_FRAME]), int(w.places[place, L_OTHER]), int(w.places[place, L_SLOT])
    first, second = w.numbers[slot], w.numbers[slot + 1]
    lane, heading = w.numbers[slot + 2], w.numbers[slot + 3]
    m = x.motion
    in_lane = frame == 0 or frame == 3
    if frame == 0:
        s = first + (m[other, S] if other != NONE else 0.0)
        t = 0.0
    elif frame == 3:
        s = m[other, S] + m[other, DIRECTION] * first
        lane = lane_beside(m[other, LANE], m[other, DIRECTION] * lane)
        t = 0.0
    elif frame == 1:
        s, t = first, second
    elif frame == 4:
        s, t = m[other, S] + first, m[other, T] + second
    else:
        px, py, angle = 0.0, 0.0, 0.0
        if frame >= 5:
            px, py, angle = to_world(w.line, m[other, S], m[other, T])
        angle = angle + math.atan2(m[other, SINE], m[other, COSINE]) if frame == 5 else 0.0
        px += first * math.cos(angle) - second * math.sin(angle)
        py += first * math.sin(angle) + second * math.cos(angle)
        s, t = to_road(w.line, px, py)
        _, _, along = to_world(w.line, s, t)
        heading += angle - along
    if not in_lane:
        lane = nearest_lane(w, s, t)
        second = t - lane_centre(w.widths, w.shifts, lane, s)
    against = (lane > 0.0) != (w.ego[6] != 0.0) and in_lane
    m[i, S], m[i, LANE], m[i, OFFSET] = s, lane, second
    m[i, T] = lane_centre(w.widths, w.shifts, lane, s) + second
    m[i, DIRECTION] = -1.0 if against else 1.0
    towards = -1.0 if against else 1.0
    m[i, COSINE], m[i, SINE] = towards * math.cos(heading), towards * math.sin(heading)
    m[i, JUMPED] = 1.0


def nearest_lane(w: Table, s: float, t: float) -> float:
    """The lane whose middle is nearest; 0 on a road without lanes."""
    best, chosen = math.inf, 0.0
    for i in range(w.widths.shape[0]):
        if w.widths[i, 0] <= s < w.widths[i, 1]:
            away = abs(t - lane_centre(w.widths, w.shifts, w.widths[i, 2], s))
            if away < best:
                best, chosen = away, w.widths[i, 2]
    return chosen


def start(w: Table, x: State, a: int, now: float) -> None:
    """Start an action; what happens at once has then happened."""
    row = w.actions[a]
    kind, i, other, slot = int(row[A_KIND]), int(row[A_ACTOR]), int(row[A_OTHER]), int(row[A_SLOT])
    m, p = x.motion, x.progress[a]
    p[P_RUNS], p[P_START], p[P_AT] = 1.0, now, 0.0
    if kind == 0:
        target = _wanted_speed(w, x, a)
        _override(w, x, a, i, 0)
        p[P_FROM], p[P_TO] = m[i, SPEED], target
        p[P_SPAN] = span(row[A_SHAPE], row[A_DIMENSION], w.numbers[slot], target - m[i, SPEED])
        if row[A_DIMENSION] == 1:
            p[P_START] = m[i, TRAVELLED]
        if row[A_SHAPE] == 0:
            m[i, SPEED], m[i, JUMPED], p[P_RUNS] = target, 1.0, 1.0 if row[A_MODE] & 2 else 0.0
    elif kind == 1:
        _override(w, x, a, i, 0)
        p[P_FROM] = m[i, SPEED]
    elif kind == 2 or kind == 3:
        _override(w, x, a, i, 1)
        target = w.numbers[slot + 1] if kind == 2 else _wanted_offset(w, x, a)
        if kind == 2:
            lane = target if other == NONE else lane_beside(m[other, LANE], m[other, DIRECTION] * target)
            m[i, OFFSET] = m[i, T] - lane_centre(w.widths, w.shifts, lane, m[i, S])
            m[i, LANE] = lane
            target = w.numbers[slot + 2]
        change = target - m[i, OFFSET]
        p[P_FROM], p[P_TO] = m[i, OFFSET], target
        if kind == 2:
            p[P_SPAN] = span(row[A_SHAPE], row[A_DIMENSION], w.numbers[slot], change)
        else:
            limit = abs(w.numbers[slot])
            time = math.pi * math.sqrt(0.5 * abs(change) / limit) if limit > 0.0 else 0.0
            p[P_SPAN] = math.sqrt(6.0 * abs(change) / limit) if row[A_SHAPE] == 3 and limit > 0.0 else time
        if kind == 2 and row[A_DIMENSION] == 1:
            p[P_START] = m[i, TRAVELLED]
        if row[A_SHAPE] == 0:
            m[i, OFFSET], m[i, JUMPED], p[P_RUNS] = target, 1.0, 1.0 if kind == 3 and row[A_MODE] & 1 else 0.0
            m[i, T] = lane_centre(w.widths, w.shifts, m[i, LANE], m[i, S]) + target
    elif kind == 4:
        if row[A_MODE] & 4:
            _override(w, x, a, i, 0)
        if row[A_COUNT] == 0:
            m[i, S], m[i, JUMPED] = _wanted_place(w, x, a), 1.0
        p[P_RUNS] = 1.0 if row[A_MODE] & 4 else 0.0
    elif kind == 5:
        _override(w, x, a, i, 0)
        _override(w, x, a, i, 1)
    elif kind == 6:
        find(w, x, slot, i)
        p[P_RUNS] = 0.0
    elif kind == 7:
        m[i, ACTIVE], p[P_RUNS] = float(row[A_MODE]), 0.0
    else:
        value, held = w.numbers[slot], x.variables[other]
        x.variables[other] = held + value if row[A_MODE] == 1 else held * value if row[A_MODE] == 2 else value
        p[P_RUNS] = 0.0


def _wanted_speed(w: Table, x: State, a: int) -> float:
    """The speed that an action takes its actor to."""
    row = w.actions[a]
    i, other = int(row[A_ACTOR]), int(row[A_OTHER])
    target = w.numbers[int(row[A_SLOT]) + 1]
    if other != NONE:
        target = x.motion[other, SPEED] * target if row[A_MODE] & 1 else x.motion[other, SPEED] + target
        # So much slower than a slow one is a stop; nobody means it to back up.
        if x.motion[i, SPEED] >= 0.0:
            target = max(target, 0.0)
    return target


def _wanted_offset(w: Table, x: State, a: int) -> float:
    """The offset that an action takes its actor to; that of another is seen from the middle of one's own lane."""
    row = w.actions[a]
    i, other = int(row[A_ACTOR]), int(row[A_OTHER])
    target = w.numbers[int(row[A_SLOT]) + 1]
    if row[A_MODE] & 6:
        # The boxes as they stand along the lane: on the way there they turn.
        apart = 0.5 * (w.sizes[i, 1] + w.sizes[other, 1])
        target += apart if row[A_MODE] & 2 else -apart
    if other != NONE:
        target += x.motion[other, T] - lane_centre(w.widths, w.shifts, x.motion[i, LANE], x.motion[i, S])
    return target


def _wanted_place(w: Table, x: State, a: int) -> float:
    """The s at which an actor has its distance to another."""
    row, m = w.actions[a], x.motion
    i, other = int(row[A_ACTOR]), int(row[A_OTHER])
    # Kept seconds are those of the other, whose speed both have in the end: with one's own the gap would run away.
    speed = abs(m[other if row[A_MODE] & 4 else i, SPEED])
    gap = w.numbers[int(row[A_SLOT])] * (speed if row[A_DIMENSION] else 1.0)
    ahead = m[other, DIRECTION] if row[A_MODE] & 1 else -m[other, DIRECTION]
    if row[A_MODE] & 2:
        gap += half_length(w, x, i) + half_length(w, x, other)
        return m[i, S] + (middle_s(w, x, other) + ahead * gap - middle_s(w, x, i))
    return m[other, S] + ahead * gap


def _keeping(w: Table, x: State, a: int, period: float) -> float:
    """The speed at the next tick of an actor that keeps its distance to another.

    It is that of the other, and what is missing then is made up in ``SETTLE``; but no faster than the limits let it
    slow down, or catch up, in time.
    """
    row, m = w.actions[a], x.motion
    i, other, slot = int(row[A_ACTOR]), int(row[A_OTHER]), int(row[A_SLOT])
    leads = m[other, SPEED] * m[other, DIRECTION] * m[i, DIRECTION]
    missing = m[i, DIRECTION] * (_wanted_place(w, x, a) - m[i, S]) + period * (leads - m[i, SPEED])
    making_up = missing / SETTLE
    if row[A_COUNT] == 0:
        return leads + making_up
    faster, slower, most = w.numbers[slot + 1], w.numbers[slot + 2], w.numbers[slot + 3]
    if missing >= 0.0:
        making_up = min(making_up, math.sqrt(2.0 * slower * missing))
    else:
        making_up = max(making_up, -math.sqrt(2.0 * faster * -missing))
    speed = min(max(leads + making_up, m[i, SPEED] - period * slower), m[i, SPEED] + period * faster)
    return min(max(speed, 0.0), most)


def _override(w: Table, x: State, a: int, i: int, lateral: int) -> None:
    """A new action ends the running ones of its actor in the same direction."""
    for b in range(w.actions.shape[0]):
        kind = w.actions[b, A_KIND]
        sideways = kind == 2 or kind == 3
        other = b != a and w.actions[b, A_ACTOR] == i and x.progress[b, P_RUNS] == 1.0
        moves = kind <= 5
        if other and moves and (kind == 5 or sideways == (lateral == 1)):
            x.progress[b, P_RUNS] = 2.0


def advance(w: Table, x: State, a: int, now: float, period: float) -> None:
    """Let a running action say what its actor does until the next tick."""
    row = w.actions[a]
    kind, i, slot = int(row[A_KIND]), int(row[A_ACTOR]), int(row[A_SLOT])
    m, p = x.motion, x.progress[a]
    after = now + period
    # The target of a continuous action is where it is now, and there is no end to it.
    goes_on = (kind == 0 and row[A_MODE] & 2) or (kind == 3 and row[A_MODE] & 1)
    if goes_on:
        p[P_TO] = _wanted_speed(w, x, a) if kind == 0 else _wanted_offset(w, x, a)
    if kind == 0 or kind == 2 or kind == 3:
        passed = after - p[P_START]
        if row[A_DIMENSION] == 1:
            passed = m[i, TRAVELLED] + period * abs(m[i, SPEED]) - p[P_START]
        part = passed / p[P_SPAN] if p[P_SPAN] > 0.0 else 1.0
        part = 1.0 if part > 1.0 - 1e-9 else part
        value = p[P_FROM] + (p[P_TO] - p[P_FROM]) * shaped(row[A_SHAPE], part)
        if part >= 1.0:
            value, p[P_RUNS] = p[P_TO], 1.0 if goes_on else 0.0
        m[i, SPEED_NEXT if kind == 0 else OFFSET_NEXT] = value
    elif kind == 1:
        held, at = p[P_FROM], p[P_START]
        value = held
        done = True
        for n in range(row[A_COUNT]):
            length, target = w.numbers[slot + 2 * n], w.numbers[slot + 2 * n + 1]
            if after < at + length - 1e-9 * period:
                value = held + (target - held) * (after - at) / length
                done = False
                break
            held, at, value = target, at + length, target
        m[i, SPEED_NEXT] = value
        if done:
            p[P_RUNS] = 0.0
    elif kind == 4:
        m[i, SPEED_NEXT] = _keeping(w, x, a, period)
    else:
        _follow(w, x, a, after, period)


def _follow(w: Table, x: State, a: int, after: float, period: float) -> None:
    """The place on a path at the next tick, by its times; the points are in road coordinates."""
    row = w.actions[a]
    i, slot, count = int(row[A_ACTOR]), int(row[A_SLOT]), int(row[A_COUNT])
    m, p = x.motion, x.progress[a]
    time = after - p[P_START]
    reached = True
    for n in range(count - 1):
        here, there = slot + 3 * n, slot + 3 * (n + 1)
        # The first piece holds until the path goes on to the next one.
        reached = n == 0 or (reached and time >= w.numbers[here])
        if reached:
            length = w.numbers[there] - w.numbers[here]
            part = min(max((time - w.numbers[here]) / length, 0.0), 1.0) if length > 0.0 else 1.0
            ds, dt = w.numbers[there + 1] - w.numbers[here + 1], w.numbers[there + 2] - w.numbers[here + 2]
            m[i, S_NEXT] = w.numbers[here + 1] + part * ds
            m[i, T_NEXT] = w.numbers[here + 2] + part * dt
            bent = stretch(w.line, m[i, S], m[i, T]) * ds
            m[i, SPEED_NEXT] = math.sqrt(bent * bent + dt * dt) / length if length > 0.0 else 0.0
    m[i, PLACED] = 2.0 if row[A_MODE] else 1.0
    if time >= w.numbers[slot + 3 * (count - 1)] - 1e-9 * period:
        p[P_RUNS], m[i, SPEED_NEXT] = 0.0, 0.0


def rates(w: Table, x: State, i: int, period: float) -> None:
    """How fast an actor goes along the road until the next tick, and where it is then across it."""
    m = x.motion[i]
    if m[PLACED] != 0.0:
        m[S_RATE] = (m[S_NEXT] - m[S]) * (1.0 / period)
        return
    ahead = m[S] + m[DIRECTION] * period * m[SPEED]
    m[T_NEXT] = lane_centre(w.widths, w.shifts, m[LANE], ahead) + m[OFFSET_NEXT]
    sideways = (m[T_NEXT] - m[T]) * (1.0 / period)
    along = abs(m[SPEED])
    if sideways != 0.0:
        along = math.sqrt(max(m[SPEED] * m[SPEED] - sideways * sideways, 0.0))
    if m[SPEED] < 0.0:
        along = -along
    m[S_RATE] = m[DIRECTION] * along / stretch(w.line, m[S], m[T])


def move(w: Table, x: State, i: int, period: float) -> None:
    """Go on to the next tick."""
    m = x.motion[i]
    sideways = (m[T_NEXT] - m[T]) * (1.0 / period)
    # On a path that turns it an actor faces the way it goes, also in the tick in which it sets off.
    turns = sideways != 0.0 or m[S_RATE] != 0.0 if m[PLACED] == 2.0 else m[PLACED] == 0.0 and m[SPEED] != 0.0
    if turns:
        if sideways == 0.0:
            m[COSINE], m[SINE] = 1.0 if m[S_RATE] > 0.0 else -1.0, 0.0
        else:
            along = m[S_RATE] * stretch(w.line, m[S], m[T])
            norm = math.sqrt(along * along + sideways * sideways)
            m[COSINE], m[SINE] = along / norm, sideways / norm
    m[ACCELERATION] = (m[SPEED_NEXT] - m[SPEED]) * (1.0 / period)
    m[TRAVELLED] += period * abs(m[SPEED])
    m[STILL] = m[STILL] + period if m[SPEED] == 0.0 else 0.0
    m[S] += period * m[S_RATE]
    m[T], m[SPEED], m[OFFSET] = m[T_NEXT], m[SPEED_NEXT], m[OFFSET_NEXT]
    if m[PLACED] != 0.0:
        m[OFFSET] = m[T] - lane_centre(w.widths, w.shifts, m[LANE], m[S])
    m[JUMPED], m[PLACED] = 0.0, 0.0
