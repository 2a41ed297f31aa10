"""The actors of a scenario, tick by tick: one step function over arrays, for the interpreter and for compiled code.

Rule: at tick k every actor has a place and a speed. Conditions are tested on that state and on what happened at the
tick before; triggers that hold start acts and events, and events start actions. Running actions say the speed and the
lateral offset of tick k + 1. The actor moves by its speed at tick k for one period: the difference equation that
programs of this language use. An action that arrives at tick k + 1 has ended when conditions are tested there.
So the whole is a Moore machine: what happens at a tick depends on earlier outputs of the program alone.

The ego moves by the speed that the program puts out, and by its offset if it puts one out; what the program leaves
open is the storyboard's.
The speed of an actor is along its own path: while it moves sideways at ``w``, it goes ahead at ``sqrt(v*v - w*w)``.
"""

from __future__ import annotations

from syncml.scenario.arrays import (
    A_ELEMENT,
    A_EVENT,
    ACCELERATION,
    ACTIVE,
    ALWAYS,
    C_EDGE,
    C_FIRST,
    C_GROUP,
    C_LAST,
    CHANGE,
    COUNT,
    DIRECTION,
    E_ACT,
    E_ELEMENT,
    E_MANOEUVRE,
    E_PRIORITY,
    E_REPEATS,
    E_TRIGGER,
    JUMPED,
    KNOWN_SPEED,
    LANE,
    LEAST_GAP,
    NONE,
    OFFSET,
    OFFSET_NEXT,
    P_RUNS,
    Q_ELEMENT,
    Q_START,
    Q_STOP,
    S_RATE,
    SPEED,
    SPEED_NEXT,
    STATE,
    S,
    State,
    T,
    Table,
)
from syncml.scenario.measures import half_length, half_width, middle_s, middle_t, overlap, test
from syncml.scenario.motion import advance, move, rates, start
from syncml.scenario.roads import curvature, lane_centre, lane_width, stretch, turned

STANDBY, RUNNING, COMPLETE, STARTED, ENDED, STOPPED, SKIPPED = range(7)


def step(w: Table, x: State, tick: int, period: float, speed: float, offset: float) -> None:
    """Go on to ``tick`` and do what happens there; the initial actions, at tick 0.

    Args:
        w: The scenario.
        x: The state of the actors at the tick before; then at this one.
        tick: The number of the tick; at 0 the state is the initial one.
        period: The length of a tick in seconds.
        speed: What the program put out for the ego's speed at the tick before.
        offset: The same for the ego's offset from the middle of its lane, if the program puts one out.
    """
    if tick == 0:
        begin(w, x)
    else:
        go_on(w, x, period, speed, offset)
    happen(w, x, tick, period)


def begin(w: Table, x: State) -> None:
    """Apply the initial actions, in their order."""
    for a in range(w.actions.shape[0]):
        if w.actions[a, A_EVENT] == NONE:
            start(w, x, a, 0.0)


def go_on(w: Table, x: State, period: float, speed: float, offset: float) -> None:
    """Move every actor to the next tick."""
    ego = int(w.ego[0])
    gained = _drive(w, x, ego, period, speed, offset) if ego != NONE else 0.0
    for i in range(x.motion.shape[0]):
        move(w, x, i, period)
    if ego != NONE:
        x.motion[ego, ACCELERATION] = gained


def happen(w: Table, x: State, tick: int, period: float) -> None:
    """Test conditions, start and stop, and say how actors move until the next tick."""
    ego = int(w.ego[0])
    now = tick * period
    _ended(w, x)
    _test_conditions(w, x, tick, now)
    for e in range(x.status.shape[0]):
        x.status[e, CHANGE] = 0
    _acts(w, x, now)
    for i in range(x.motion.shape[0]):
        x.motion[i, SPEED_NEXT], x.motion[i, OFFSET_NEXT] = x.motion[i, SPEED], x.motion[i, OFFSET]
    for a in range(w.actions.shape[0]):
        if x.progress[a, P_RUNS] == 1.0:
            advance(w, x, a, now, period)
    for i in range(x.motion.shape[0]):
        rates(w, x, i, period)
    if ego != NONE:
        _sense(w, x, ego, tick, period)


def _drive(w: Table, x: State, ego: int, period: float, speed: float, offset: float) -> float:
    """The program drives the ego: what it put out at the last tick says how it moves to this one.

    Returns its acceleration.
    """
    m = x.motion[ego]
    gained = (speed - m[SPEED]) * (1.0 / period)
    m[SPEED] = speed
    m[SPEED_NEXT] = speed
    if w.ego[5] != 0.0:
        m[OFFSET_NEXT] = offset
    rates(w, x, ego, period)
    return gained


def _test_conditions(w: Table, x: State, tick: int, now: float) -> None:
    """Which triggers fire: all conditions of one of their groups hold."""
    for g in range(w.groups.shape[0]):
        x.fired[w.groups[g]] = 0
    for g in range(w.groups.shape[0]):
        every = True
        for c in range(w.conditions.shape[0]):
            if w.conditions[c, C_GROUP] != g:
                continue
            row = w.conditions[c]
            passed = 1 if test(w, x, c, row[C_FIRST], row[C_LAST], now) else 0
            before = x.tested[c]
            x.tested[c] = passed
            edge = row[C_EDGE]
            changed = before != NONE and before != passed
            holds = passed == 1 if edge == 0 else changed and (edge == 3 or passed == (1 if edge == 1 else 0))
            first, length = w.rings[c, 0], w.rings[c, 1]
            if length > 0:
                at = first + tick % length
                was = x.delayed[at] != 0
                x.delayed[at] = 1 if holds else 0
                holds = was
            every = every and holds
        if every:
            x.fired[w.groups[g]] = 1


def _ended(w: Table, x: State) -> None:
    """Say which elements have ended since the last tick; what encloses them ends with the last of them."""
    for v in range(w.events.shape[0]):
        element = w.events[v, E_ELEMENT]
        if x.status[element, STATE] != RUNNING:
            continue
        running = False
        for a in range(w.actions.shape[0]):
            if w.actions[a, A_EVENT] == v:
                done = _action_done(w, x, a)
                running = running or not done
        if not running:
            x.status[element, COUNT] += 1
            again = x.status[element, COUNT] < w.events[v, E_REPEATS]
            _become(x, element, STANDBY if again else COMPLETE, ENDED)
    _enclosing(w, x)


def _action_done(w: Table, x: State, a: int) -> bool:
    """Whether an action, for all of its actors, is over; says so once."""
    element = w.actions[a, A_ELEMENT]
    if x.status[element, STATE] == COMPLETE:
        return True
    stopped = False
    for b in range(w.actions.shape[0]):
        if w.actions[b, A_ELEMENT] == element:
            if x.progress[b, P_RUNS] == 1.0:
                return False
            stopped = stopped or x.progress[b, P_RUNS] == 2.0
    _become(x, element, COMPLETE, STOPPED if stopped else ENDED)
    return True


def _become(x: State, element: int, state: int, change: int) -> None:
    """An element takes a state; what it does on the way is seen until the conditions of the next tick are tested."""
    x.status[element, STATE] = state
    x.status[element, CHANGE] |= 1 << change


def _acts(w: Table, x: State, now: float) -> None:
    """Start and stop acts and events."""
    for q in range(w.acts.shape[0]):
        element, begins, stops = w.acts[q, Q_ELEMENT], w.acts[q, Q_START], w.acts[q, Q_STOP]
        if x.status[element, STATE] == STANDBY and (begins == ALWAYS or (begins != NONE and x.fired[begins] != 0)):
            _become(x, element, RUNNING, STARTED)
        if x.status[element, STATE] == RUNNING and stops >= 0 and x.fired[stops] != 0:
            _become(x, element, COMPLETE, STOPPED)
            for v in range(w.events.shape[0]):
                if w.events[v, E_ACT] == q:
                    _stop(w, x, v)
    for v in range(w.events.shape[0]):
        act, trigger = w.acts[w.events[v, E_ACT], Q_ELEMENT], w.events[v, E_TRIGGER]
        ready = x.status[w.events[v, E_ELEMENT], STATE] == STANDBY and x.status[act, STATE] == RUNNING
        if ready and (trigger == ALWAYS or (trigger != NONE and x.fired[trigger] != 0)):
            _start(w, x, v, now)
    _enclosing(w, x)


def _start(w: Table, x: State, v: int, now: float) -> None:
    """Start an event, unless its priority gives way to one that runs."""
    element = w.events[v, E_ELEMENT]
    for other in range(w.events.shape[0]):
        same = other != v and w.events[other, E_MANOEUVRE] == w.events[v, E_MANOEUVRE]
        if same and x.status[w.events[other, E_ELEMENT], STATE] == RUNNING:
            if w.events[v, E_PRIORITY] == 1:
                x.status[element, COUNT] += 1
                last = x.status[element, COUNT] >= w.events[v, E_REPEATS]
                _become(x, element, COMPLETE if last else STANDBY, SKIPPED)
                return
            if w.events[v, E_PRIORITY] == 0:
                _stop(w, x, other)
    _become(x, element, RUNNING, STARTED)
    for a in range(w.actions.shape[0]):
        if w.actions[a, A_EVENT] == v:
            _become(x, int(w.actions[a, A_ELEMENT]), RUNNING, STARTED)
            start(w, x, a, now)


def _stop(w: Table, x: State, v: int) -> None:
    """Stop an event and its actions."""
    element = w.events[v, E_ELEMENT]
    if x.status[element, STATE] == COMPLETE:
        return
    _become(x, element, COMPLETE, STOPPED)
    for a in range(w.actions.shape[0]):
        if w.actions[a, A_EVENT] == v and x.status[w.actions[a, A_ELEMENT], STATE] == RUNNING:
            x.progress[a, P_RUNS] = 0.0
            _become(x, int(w.actions[a, A_ELEMENT]), COMPLETE, STOPPED)


def _enclosing(w: Table, x: State) -> None:
    """What encloses others runs from the first of them on, and is complete when all of them are.

    Actions belong to events and events say themselves what they are; so does an act that has stopped.
    """
    for e in range(w.parents.shape[0] - 1, -1, -1):
        if w.parents[e, 1] == 0:
            continue
        waiting, complete, children = True, True, False
        for child in range(e + 1, w.parents.shape[0]):
            if w.parents[child, 0] == e:
                children = True
                waiting = waiting and x.status[child, STATE] == STANDBY
                complete = complete and x.status[child, STATE] == COMPLETE
        state = x.status[e, STATE]
        if state != COMPLETE and children and complete:
            _become(x, e, COMPLETE, ENDED)
        elif state == STANDBY and not waiting:
            _become(x, e, RUNNING, STARTED)


def stopped(w: Table, x: State) -> bool:
    """Whether the run ends at this tick; its trigger is number 0."""
    return x.fired[0] != 0


def _sense(w: Table, x: State, ego: int, tick: int, period: float) -> None:
    """What the ego meets; the places are those of `connection.Sense`.

    After them comes the speed that a program knows of the lead: it took it when the lead was new, and has added the
    accelerations since.
    """
    m, out = x.motion, x.senses
    lead, gap = _lead(w, x, ego)
    new = lead != x.lead[0] or (lead != NONE and m[lead, JUMPED] != 0.0) or tick == 0
    x.lead[0] = lead
    x.lead[1] = int(w.ego[3]) if new else max(x.lead[1] - 1, 0)
    for i in range(m.shape[0]):
        if x.lead[2] == 0 and i != ego and overlap(w, x, ego, i):
            x.lead[2] = tick + 1
    if tick == 0:
        out[6] = m[ego, SPEED]
    out[0] = tick * period
    out[1] = 1.0 if lead != NONE else 0.0
    out[2] = 1.0 if x.lead[1] > 0 else 0.0
    out[3], out[4], out[5] = w.ego[1], w.ego[4], 0.0
    if lead != NONE:
        bent = m[ego, DIRECTION] * stretch(w.line, m[lead, S], m[ego, T])
        out[3] = gap
        out[LEAST_GAP] = min(out[LEAST_GAP], out[3])
        out[4] = m[lead, S_RATE] * bent
        ratio = m[lead, S_RATE] * bent / m[lead, SPEED] if m[lead, SPEED] != 0.0 else 1.0
        after = m[lead, SPEED_NEXT] * ratio
        known = out[4] if new else out[KNOWN_SPEED]
        out[5], out[KNOWN_SPEED] = (after - known) * (1.0 / period), after
    out[7] = m[ego, SPEED]
    out[8] = m[ego, OFFSET]
    out[9] = curvature(w.line, m[ego, S])
    out[10] = m[ego, ACTIVE]
    out[11] = 1.0 if x.lead[2] > 0 else 0.0


def _lead(w: Table, x: State, ego: int) -> tuple[int, float]:
    """The nearest actor ahead that reaches into the ego's lane, and the free distance to it along that lane.

    Where the reference line turns by an angle, a line beside it at t is longer by -t times that angle.
    """
    m = x.motion
    lane, heading = m[ego, LANE], m[ego, DIRECTION]
    centre = lane_centre(w.widths, w.shifts, lane, m[ego, S])
    half = 0.5 * lane_width(w.widths, lane, m[ego, S])
    front = middle_s(w, x, ego) + heading * half_length(w, x, ego)
    found, nearest = NONE, w.ego[1]
    for i in range(m.shape[0]):
        if i == ego:
            continue
        ahead = heading * (middle_s(w, x, i) - middle_s(w, x, ego))
        inside = half + half_width(w, x, i) - abs(middle_t(w, x, i) - centre)
        if ahead > 0.0 and inside > w.ego[2]:
            rear = middle_s(w, x, i) - heading * half_length(w, x, i)
            gap = heading * (rear - front - m[ego, T] * (turned(w.line, rear) - turned(w.line, front)))
            if gap < nearest:
                found, nearest = i, gap
    return found, nearest
