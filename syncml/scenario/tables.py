"""A road and a storyboard as the arrays of the engine.

Rule: an element of the storyboard is one row; a name is resolved here, once. Every number of an action, a condition or
a place is an expression, and `Compiled.expressions` lists them; a run of the same storyboard differs in the values of
these expressions alone, so that the values for many runs are one matrix.
"""

from __future__ import annotations

from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.scenario import storyboard as sb
from syncml.scenario.arrays import ALWAYS, LEAST_GAP, MOTION, NONE, PROGRESS, SENSES, Kind, State, Table
from syncml.scenario.connection import Ego
from syncml.scenario.expressions import Expression, Values, between, constant, plus
from syncml.scenario.paths import NotBesideError, divided
from syncml.scenario.roads import Road, lane_centre, to_road, to_world

LONGEST_DELAY = 1_000_000
"""Ticks by which a condition may be delayed."""


@dataclass(slots=True)
class Compiled:
    """The arrays of one storyboard on one road, but for its numbers.

    Attributes:
        table: The arrays; numbers are zero, and rings are empty.
        expressions: The numbers.
        delays: For each condition the place of its delay among the numbers.
        names: Elements of the storyboard by name.
    """

    table: Table
    expressions: list[Expression]
    delays: list[int]
    names: dict[str, int]
    actors: tuple[str, ...]
    variables: tuple[Expression, ...]
    triggers: int
    spans: list[Span | None] = field(default_factory=list[Span | None])

    def numbers(self, parameters: Values) -> NDArray[np.float64]:
        """The values of all numbers: one row, or a row for each run if parameters are arrays.

        Raises:
            DiagnosticError: S007, a value is missing or not finite.
        """
        columns = [np.asarray(e.value(parameters), dtype=np.float64) for e in self.expressions]
        shape = np.broadcast_shapes(*(c.shape for c in columns)) if columns else ()
        return np.stack([np.broadcast_to(c, shape) for c in columns], axis=-1) if columns else np.zeros((*shape, 0))

    def ready(self, numbers: NDArray[np.float64], parameters: Values, period: float) -> tuple[Table, State]:
        """The arrays of one run, and its state before the initial actions."""
        rings = np.zeros((len(self.delays), 2), dtype=np.int64)
        length = 0
        for c, slot in enumerate(self.delays):
            ticks = round(float(numbers[slot]) / period)
            if not 0 <= ticks <= LONGEST_DELAY:
                message = f"a condition is delayed by {numbers[slot]:g} s, {ticks:,} ticks"
                help_ = f"delay it by 0 to {LONGEST_DELAY:,} ticks"
                raise DiagnosticError(error("S008", message, self.spans[c], help=help_))
            rings[c] = length, ticks
            length += ticks
        t = self.table
        ego = t.ego.copy()
        ego[3] = np.ceil(ego[3] / period)
        table = t._replace(numbers=np.ascontiguousarray(numbers), rings=rings, ego=ego)
        senses = np.zeros(SENSES)
        senses[LEAST_GAP] = np.inf
        state = State(
            motion=np.zeros((len(self.actors), MOTION)),
            progress=np.zeros((len(t.actions), PROGRESS)),
            status=np.zeros((len(t.parents), 3), dtype=np.int64),
            fired=np.zeros(self.triggers, dtype=np.int64),
            tested=np.full(len(t.conditions), NONE, dtype=np.int64),
            delayed=np.zeros(length, dtype=np.int64),
            variables=np.array([float(v.value(parameters)) for v in self.variables]),
            senses=senses,
            lead=np.array([NONE, 0, 0], dtype=np.int64),
        )
        return table, state


def compiled(road: Road, board: sb.Storyboard, ego: str | None = None, meets: Ego | None = None) -> Compiled:
    """The arrays of a storyboard on a road.

    Args:
        road: The road.
        board: What happens.
        ego: The actor that a program drives; without one, all do what the storyboard says.
        meets: How the program meets the others.

    Raises:
        DiagnosticError: S011, a name or a lane that there is not.
    """
    return _Tables(road, board, ego, meets).compiled()


class _Tables:
    def __init__(self, road: Road, board: sb.Storyboard, ego: str | None, meets: Ego | None) -> None:
        self._road = road
        self._board = board
        self._ego = ego
        self._meets = meets
        self._actor = {actor.name: i for i, actor in enumerate(board.actors)}
        self._variable = {name: i for i, name in enumerate(board.variables)}
        self._expressions: list[Expression] = []
        self._parents: list[tuple[int, int]] = []
        self._names: dict[str, int] = {}
        self._acts: list[tuple[int, ...]] = []
        self._events: list[tuple[int, ...]] = []
        self._actions: list[tuple[int, ...]] = []
        self._places: list[tuple[int, ...]] = []
        self._pending: list[sb.Trigger] = []
        self._members: list[int] = []

    def compiled(self) -> Compiled:
        board = self._board
        # The first trigger is the one that ends the run.
        self._trigger(board.stop)
        for step in board.initial:
            self._action(step, NONE, NONE)
        stories: dict[str, int] = {}
        for act in board.acts:
            above = stories.setdefault(act.story, self._element(act.story, NONE, 1)) if act.story else NONE
            self._act(act, above)
        conditions, groups, delays, spans = self._conditions()
        meets = self._meets
        ego = [float(self._actor[self._ego])] if self._ego is not None else [float(NONE)]
        ego += [meets.range, meets.intrusion, meets.settle, meets.free_speed] if meets else [0.0] * 4
        ego += [1.0 if meets and meets.offset else 0.0, 1.0 if self._road.left_hand else 0.0]
        table = Table(
            line=self._road.line,
            widths=self._road.widths,
            shifts=self._road.shifts,
            sizes=np.array([(a.length, a.width, a.ahead, a.left) for a in board.actors]).reshape(-1, 4),
            numbers=np.zeros(len(self._expressions)),
            acts=_rows(self._acts, 3),
            events=_rows(self._events, 6),
            actions=_rows(self._actions, 10),
            conditions=_rows(conditions, 14),
            groups=np.array(groups, dtype=np.int64),
            members=np.array(self._members, dtype=np.int64),
            places=_rows(self._places, 3),
            parents=_rows(self._parents, 2),
            rings=np.zeros((len(conditions), 2), dtype=np.int64),
            ego=np.array(ego),
        )
        return Compiled(
            table, self._expressions, delays, self._names, tuple(self._actor), tuple(board.variables.values()),
            len(self._pending), spans,
        )  # fmt: skip

    def _number(self, *expressions: Expression) -> int:
        """The place of the first of some numbers, side by side."""
        self._expressions += expressions
        return len(self._expressions) - len(expressions)

    def _element(self, name: str, parent: int, encloses: int) -> int:
        self._parents.append((parent, encloses))
        if name:
            self._names.setdefault(name, len(self._parents) - 1)
        return len(self._parents) - 1

    # Acts, events, actions.

    def _act(self, act: sb.Act, above: int) -> None:
        element = self._element(act.name, above, 1)
        begins = ALWAYS if act.start is None else self._trigger(act.start)
        stops = self._trigger(act.stop) if act.stop else NONE
        self._acts.append((element, begins, stops))
        index = len(self._acts) - 1
        groups: dict[str, int] = {}
        for manoeuvre in act.manoeuvres:
            parent = element
            for name in manoeuvre.above:
                if name not in groups:
                    groups[name] = self._element(name, parent, 1)
                parent = groups[name]
            within = self._element(
                "" if len(manoeuvre.events) == 1 and not manoeuvre.above else manoeuvre.name, parent, 1
            )
            for event in manoeuvre.events:
                self._event(event, index, within)

    def _event(self, event: sb.Event, act: int, within: int) -> None:
        element = self._element(event.name, within, 0)
        trigger = ALWAYS if event.trigger is None else self._trigger(event.trigger)
        self._events.append((element, act, within, trigger, int(event.priority), event.repeats))
        elements: dict[str, int] = {}
        for n, step in enumerate(event.steps):
            # The same action of several actors is one element.
            name = step.name or f"{n}"
            if name not in elements:
                elements[name] = self._element(step.name, element, 0)
            self._action(step, len(self._events) - 1, elements[name])

    def _action(self, step: sb.Step, event: int, element: int) -> None:
        action, actor = step.action, self._index(step.actor, step.span)
        if step.actor == self._ego:
            self._check_ego(step, initial=event == NONE)
        kind, shape, dimension, other, slot, count, mode = Kind.SPEED, 0, 0, NONE, 0, 0, 0
        match action:
            case sb.SetSpeed():
                shape, dimension, mode = (
                    int(action.shape),
                    int(action.dimension),
                    int(action.times) + 2 * int(action.continuous),
                )
                other, slot = self._other(action.to, step.span), self._number(action.value, action.target)
            case sb.SpeedProfile():
                kind, count = Kind.PROFILE, len(action.entries)
                slot = self._number(*(e for entry in action.entries for e in entry))
            case sb.ChangeLane():
                kind, shape, dimension = Kind.LANE, int(action.shape), int(action.dimension)
                other = self._other(action.to, step.span)
                slot = self._number(action.value, action.lane, action.offset)
                if other == NONE:
                    self._check_lane(action.lane, step.span)
            case sb.ShiftInLane():
                kind, shape = Kind.OFFSET, int(action.shape)
                mode = int(action.continuous) + (0, 2, 4)[action.freespace]
                other, slot = self._other(action.to, step.span), self._number(action.limit, action.target)
            case sb.TakeDistance():
                kind, dimension, count = Kind.DISTANCE, int(action.seconds), len(action.limits)
                other, slot = self._other(action.to, step.span), self._number(action.distance, *action.limits)
                mode = int(action.ahead) + 2 * int(action.freespace) + 4 * int(action.continuous)
            case sb.Follow():
                points, mode = self._path(action), int(action.turns)
                kind, count = Kind.FOLLOW, len(points)
                slot = self._number(*(e for point in points for e in point))
            case sb.Teleport():
                kind, slot = Kind.TELEPORT, self._place(action.place)
            case sb.Activate():
                kind, mode = Kind.ACTIVATE, int(action.on)
            case sb.Assign():
                kind, mode = Kind.ASSIGN, action.mode
                other, slot = self._variable_index(action.variable, step.span), self._number(action.value)
        self._actions.append((event, element, actor, int(kind), shape, dimension, other, slot, count, mode))

    def _check_ego(self, step: sb.Step, *, initial: bool) -> None:
        """The storyboard does not move the ego where the program does."""
        match step.action:
            case sb.SetSpeed(shape=shape):
                refused = not initial or shape is not sb.Shape.STEP or step.action.continuous
            case sb.SpeedProfile() | sb.Follow() | sb.TakeDistance(continuous=True):
                refused = True
            case sb.ChangeLane() | sb.ShiftInLane():
                refused = self._meets is not None and self._meets.offset is not None
            case sb.TakeDistance() | sb.Teleport() | sb.Activate() | sb.Assign():
                refused = False
        if refused:
            message = f"the program drives {step.actor!r}, so that this action of the storyboard has no effect"
            help_ = "leave it out, or give the action to another actor"
            raise DiagnosticError(error("S010", message, step.span, help=help_))

    def _place(self, place: sb.Position) -> int:
        if place.frame is sb.Frame.LANE:
            self._check_lane(place.lane, place.span)
        slot = self._number(place.first, place.second, place.lane, place.heading)
        self._places.append((int(place.frame), self._other(place.to, place.span), slot))
        return len(self._places) - 1

    def _path(self, action: sb.Follow) -> list[tuple[Expression, Expression, Expression]]:
        """Times, s and t of a path; lines of the plane are divided."""
        found: list[tuple[Expression, Expression, Expression]] = []
        before: tuple[Expression, tuple[float, float]] | None = None
        for time, place in action.points:
            point = self._road_point(place)
            here = None if place.frame is not sb.Frame.WORLD else (time, self._fixed(place))
            if before is not None and here is not None:
                try:
                    pieces = divided(self._road.line, before[1], here[1])
                except NotBesideError as fault:
                    message = f"a path goes through {fault}, which lies beside no part of the road, or beside several"
                    advice = "keep paths between the centres of the bends and the ends of the road"
                    raise DiagnosticError(error("S009", message, place.span, help=advice)) from None
                for part, (s, t) in pieces[1:-1]:
                    found.append((between(before[0], time, part), constant(s), constant(t)))
            found.append((time, *point))
            before = here
        return found

    def _fixed(self, place: sb.Position) -> tuple[float, float]:
        """X and y of a place of the plane."""
        return float(place.first.value({})), float(place.second.value({}))

    def _road_point(self, place: sb.Position) -> tuple[Expression, Expression]:
        """S and t of a point of a path."""
        match place.frame:
            case sb.Frame.ROAD:
                return place.first, place.second
            case sb.Frame.LANE if not place.lane.names and not place.to:
                lane = int(place.lane.value({}))
                self._check_lane(place.lane, place.span)
                widths = self._road.widths
                if np.any(widths[:, 5:8] != 0.0) or len(np.unique(widths[:, 0])) > 1:
                    raise self._unsupported("a path by lanes whose widths change", place.span)
                t = lane_centre(widths, self._road.shifts, lane, 0.0)
                return place.first, plus(place.second, t)
            case sb.Frame.WORLD if not place.first.names and not place.second.names:
                s, t = to_road(self._road.line, *self._fixed(place))
                return constant(s), constant(t)
            case _:
                raise self._unsupported("a point of a path that is relative or depends on parameters", place.span)

    def _unsupported(self, what: str, span: Span | None) -> DiagnosticError:
        return DiagnosticError(error("S010", f"{what} is not supported", span, help="write s and t, or one lane"))

    # Conditions.

    def _trigger(self, trigger: sb.Trigger) -> int:
        self._pending.append(trigger)
        return len(self._pending) - 1

    def _conditions(self) -> tuple[list[tuple[int, ...]], list[int], list[int], list[Span | None]]:
        """The rows of all conditions, once every element has its number."""
        rows: list[tuple[int, ...]] = []
        groups: list[int] = []
        delays: list[int] = []
        spans: list[Span | None] = []
        for trigger, alternatives in enumerate(self._pending):
            for group in alternatives:
                groups.append(trigger)
                for condition in group:
                    delays.append(self._number(condition.delay))
                    spans.append(condition.span)
                    rows.append((len(groups) - 1, *self._condition(condition, delays[-1])))
        return rows, groups, delays, spans

    def _condition(self, c: sb.Condition, delay: int) -> tuple[int, ...]:
        first = len(self._members)
        self._members += [self._index(name, c.span) for name in c.actors]
        other = NONE
        if c.measure is sb.Measure.ELEMENT:
            if c.to not in self._names:
                raise self._unknown("element of the storyboard", c.to, self._names, c.span)
            other = self._names[c.to]
        elif c.measure is sb.Measure.VARIABLE:
            other = self._variable_index(c.to, c.span)
        elif c.to:
            other = self._index(c.to, c.span)
        place = NONE if c.place is None else self._world_place(c.place)
        return (
            int(c.measure), int(c.rule), int(c.edge), self._number(c.value), delay, first, len(self._members),
            int(c.every), other, int(c.axis), int(c.freespace), int(c.along_actor), place,
        )  # fmt: skip

    def _world_place(self, place: sb.Position) -> int:
        """A fixed place in world coordinates."""
        if place.to or place.first.names or place.second.names or place.lane.names:
            raise self._unsupported("a condition on a place that is relative or depends on parameters", place.span)
        first, second = float(place.first.value({})), float(place.second.value({}))
        if place.frame is not sb.Frame.WORLD:
            if place.frame is sb.Frame.LANE:
                self._check_lane(place.lane, place.span)
                second += lane_centre(self._road.widths, self._road.shifts, int(place.lane.value({})), first)
            first, second, _ = to_world(self._road.line, first, second)
        self._places.append((int(sb.Frame.WORLD), NONE, self._number(constant(first), constant(second))))
        return len(self._places) - 1

    # Names.

    def _other(self, name: str, span: Span | None) -> int:
        return self._index(name, span) if name else NONE

    def _index(self, name: str, span: Span | None) -> int:
        if name not in self._actor:
            raise self._unknown("actor", name, self._actor, span)
        return self._actor[name]

    def _variable_index(self, name: str, span: Span | None) -> int:
        if name not in self._variable:
            raise self._unknown("variable or parameter", name, self._variable, span)
        return self._variable[name]

    def _check_lane(self, lane: Expression, span: Span | None) -> None:
        if lane.names:
            return
        number = float(lane.value({}))
        if number not in self._road.lanes:
            raise self._unknown("lane", f"{number:g}", dict.fromkeys(map(str, sorted(self._road.lanes))), span)

    def _unknown(
        self, what: str, name: str, known: dict[str, int] | dict[str, None], span: Span | None
    ) -> DiagnosticError:
        listed = ", ".join(known) or "none"
        return DiagnosticError(error("S011", f"there is no {what} {name!r}", span, help=f"there are: {listed}"))


def _rows(rows: list[tuple[int, ...]], width: int) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(-1, width)
