"""A scenario file as a road and a storyboard.

Rule: each event is a manoeuvre of its own, in one act that starts with the run, so that events of different names run
side by side; a new action takes the speed, or the lateral motion, of its actor from the one before. Actors that stand
ahead of or behind others are placed after them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from syncml.diagnostics.model import DiagnosticError, Label, error
from syncml.scenario import storyboard as sb
from syncml.scenario import written
from syncml.scenario.expressions import Expression, constant
from syncml.scenario.load import Loaded
from syncml.scenario.parameters import Setting
from syncml.scenario.quantities import Quantity, read
from syncml.scenario.roads import Piece, Road, Width, along, road

Keys = tuple[str | int, ...]
ENDLESS = math.inf


class Lowering:
    """The road and the storyboard of one scenario file, for one choice of its texts."""

    def __init__(self, loaded: Loaded, texts: Mapping[str, Setting]) -> None:
        self._scenario = loaded.scenario
        self._source = loaded.source
        self._texts = {name: value for name, value in texts.items() if isinstance(value, str)}

    def road(self) -> Road:
        """The road of the scenario.

        Raises:
            DiagnosticError: S009 its geometry; a file that cannot be read.
        """
        given = self._scenario.road
        assert given is not None
        if isinstance(given, written.RoadFile):
            from syncml.scenario.opendrive import read_road

            return read_road(self._source.path.parent / self._text(given.file))
        x, y, heading = given.start
        s = 0.0
        pieces: list[Piece] = []
        for i, stretch in enumerate(given.line):
            span = self._source.span("road", "line", i)
            bends = stretch.curvature if isinstance(stretch.curvature, tuple) else (stretch.curvature,) * 2
            first, last = (float(self._read(bend, "1/m", "road", "line", i, "curvature").value({})) for bend in bends)
            piece = Piece(s, x, y, heading, stretch.length, first, last, span)
            # The check of the geometry comes first: the quadrature takes a panel for each turn.
            line = road([piece], [], span=span).line
            pieces.append(piece)
            x, y, heading = along(line[0], stretch.length)
            s += stretch.length
        sides = ((1, given.left), (-1, given.right))
        widths = [
            Width((0.0, ENDLESS), side * (1 + i), 0.0, (width, 0.0, 0.0, 0.0))
            for side, lanes in sides
            for i, width in enumerate(lanes)
        ]
        return road(pieces, widths, left_hand=given.traffic == "left", span=self._source.span("road"))

    def storyboard(self) -> sb.Storyboard:
        """What the actors do.

        Raises:
            DiagnosticError: S007 an expression, S011 a name without a meaning, S012 actors placed in a circle.
        """
        given = self._scenario
        actors = tuple(sb.Actor(name, *actor.size, kind=actor.kind) for name, actor in given.actors.items())
        initial = [step for name in self._in_order() for step in self._placed(name)]
        manoeuvres = [sb.Manoeuvre(event.name, (self._event(event, i),)) for i, event in enumerate(given.events)]
        names: dict[str, int] = {}
        for i, event in enumerate(given.events):
            for j, name in [(None, event.name), *((j, a.name) for j, a in enumerate(event.do) if a.name)]:
                keys: Keys = ("events", i, "name") if j is None else ("events", i, "do", j, "name")
                if name in names:
                    message = f"two events or actions are called {name!r}"
                    raise DiagnosticError(error("S001", message, self._source.span(*keys)))
                names[name] = i
        self._check_after(names)
        stop = tuple((self._condition(c, ("stop", i)),) for i, c in enumerate(given.stop))
        return sb.Storyboard(actors, tuple(initial), (sb.Act("", tuple(manoeuvres)),), stop)

    # Places.

    def _in_order(self) -> list[str]:
        """The actors, each after the one that its place refers to."""
        waiting = dict.fromkeys(self._scenario.actors)
        order: list[str] = []
        while waiting:
            ready = [name for name in waiting if self._anchor(name) not in waiting]
            if not ready:
                circle = sorted(waiting)
                labels = [Label(self._source.span("actors", name), f"`{name}`") for name in circle[1:]]
                message = f"actors are placed in a circle: {', '.join(circle)}"
                at = self._source.span("actors", circle[0])
                help_ = "give one of them a place with `at`"
                raise DiagnosticError(error("S012", message, at, secondary=labels, help=help_))
            order += ready
            for name in ready:
                del waiting[name]
        return order

    def _anchor(self, name: str) -> str | None:
        actor = self._scenario.actors[name]
        key = "ahead_of" if actor.ahead_of is not None else "behind"
        to = actor.ahead_of or actor.behind
        return None if to is None else self._actor(to, "actors", name, key)

    def _placed(self, name: str) -> list[sb.Step]:
        actor, keys = self._scenario.actors[name], ("actors", name)
        to = self._anchor(name) or ""
        span = self._source.span(*keys)
        s = constant(0.0) if actor.at is None else self._read(actor.at, "m", *keys, "at")
        place = sb.Position(
            sb.Frame.LANE,
            s,
            self._read(actor.offset, "m", *keys, "offset"),
            self._read(actor.lane, "1", *keys, "lane"),
            self._read(actor.heading, "rad", *keys, "heading"),
            to,
            span,
        )
        speed = self._read(actor.speed, "m/s", *keys, "speed")
        actions: list[sb.Action] = [
            sb.Teleport(place),
            sb.SetSpeed(sb.Shape.STEP, sb.Dimension.TIME, sb.ZERO, speed),
        ]
        if to:
            unit, key = ("m", "gap") if actor.gap is not None else ("s", "time_gap")
            given = actor.gap if actor.gap is not None else actor.time_gap
            gap = self._read(0.0 if given is None else given, unit, *keys, key)
            actions.append(sb.TakeDistance(to, gap, unit == "s", freespace=True, ahead=actor.ahead_of is not None))
        return [sb.Step("", name, action, span) for action in actions]

    # Events.

    def _event(self, event: written.Event, index: int) -> sb.Event:
        keys: Keys = ("events", index)
        self._actor(event.actor, *keys, "actor")
        trigger = (tuple(self._condition(c, (*keys, "when", i)) for i, c in enumerate(event.when)),)
        steps = tuple(
            sb.Step(action.name, event.actor, self._action(action, (*keys, "do", i)), self._source.span(*keys, "do", i))
            for i, action in enumerate(event.do)
        )
        return sb.Event(event.name, trigger, steps)

    def _action(self, action: written.Action, keys: Keys) -> sb.Action:
        if isinstance(action, written.AlongPath):
            frame = sb.Frame.ROAD if action.frame == "road" else sb.Frame.WORLD
            return sb.Follow(
                tuple(
                    (
                        self._read(time, "s", *keys, "path", i),
                        sb.Position(
                            frame,
                            self._read(first, "m", *keys, "path", i),
                            self._read(second, "m", *keys, "path", i),
                            span=self._source.span(*keys, "path", i),
                        ),
                    )
                    for i, (time, first, second) in enumerate(action.path)
                )
            )
        shape = sb.Shape[action.shape.upper()]
        match action:
            case written.ToSpeed():
                shape, dimension, pace = self._pace(action, shape, action.rate, "m/s**2", keys)
                to = "" if action.relative_to is None else self._actor(action.relative_to, *keys, "relative_to")
                return sb.SetSpeed(shape, dimension, pace, self._read(action.speed, "m/s", *keys, "speed"), to)
            case written.ToLane():
                shape, dimension, pace = self._pace(action, shape, action.rate, "m/s", keys)
                lane = self._read(action.lane, "1", *keys, "lane")
                return sb.ChangeLane(
                    shape, dimension, pace, lane, offset=self._read(action.offset, "m", *keys, "offset")
                )
            case written.ToOffset():
                target = self._read(action.offset, "m", *keys, "offset")
                if action.acceleration is None:
                    return sb.ShiftInLane(sb.Shape.STEP, sb.ZERO, target)
                return sb.ShiftInLane(shape, self._read(action.acceleration, "m/s**2", *keys, "acceleration"), target)

    def _pace(
        self,
        action: written.ToSpeed | written.ToLane,
        shape: sb.Shape,
        rate: Quantity | None,
        unit: str,
        keys: Keys,
    ) -> tuple[sb.Shape, sb.Dimension, Expression]:
        if rate is not None:
            return shape, sb.Dimension.RATE, self._read(rate, unit, *keys, "rate")
        if action.time is not None:
            return shape, sb.Dimension.TIME, self._read(action.time, "s", *keys, "time")
        if action.distance is not None:
            return shape, sb.Dimension.DISTANCE, self._read(action.distance, "m", *keys, "distance")
        return sb.Shape.STEP, sb.Dimension.TIME, sb.ZERO

    def _condition(self, given: written.Condition, keys: Keys) -> sb.Condition:
        span = self._source.span(*keys)
        edge = sb.Edge[given.edge.upper()]
        delay = self._read(given.delay, "s", *keys, "delay")
        match given:
            case written.AtTime():
                value = self._read(given.time, "s", *keys, "time")
                return sb.Condition(sb.Measure.TIME, value, edge=sb.Edge.NONE, delay=delay, span=span)
            case written.After():
                state = constant(float(sb.ElementState.ENDED))
                return sb.Condition(
                    sb.Measure.ELEMENT, state, sb.Rule.EQUAL, sb.Edge.NONE, delay, to=given.after, span=span
                )
            case written.Standstill():
                value = self._read(given.seconds, "s", *keys, "for")
                actors = (self._actor(given.standstill, *keys, "standstill"),)
                return sb.Condition(sb.Measure.STANDSTILL, value, edge=edge, delay=delay, actors=actors, span=span)
            case written.Collision():
                one, other = (self._actor(name, *keys, "collision") for name in given.collision)
                return sb.Condition(
                    sb.Measure.COLLISION, sb.ZERO, edge=edge, delay=delay, actors=(one,), to=other, span=span
                )
            case written.Gap():
                measure, pair, unit = sb.Measure.DISTANCE, given.gap, "m"
            case written.Headway():
                measure, pair, unit = sb.Measure.HEADWAY, given.headway, "s"
            case written.TimeToCollision():
                measure, pair, unit = sb.Measure.TIME_TO_COLLISION, given.ttc, "s"
            case written.SpeedOf():
                measure, pair, unit = sb.Measure.SPEED, (given.speed_of, ""), "m/s"
        actors = (self._actor(pair[0], *keys),)
        to = self._actor(pair[1], *keys) if pair[1] else ""
        rule, bound = (sb.Rule.LESS, given.below) if given.below is not None else (sb.Rule.GREATER, given.above)
        assert bound is not None
        value = self._read(bound, unit, *keys, "below")
        return sb.Condition(measure, value, rule, edge, delay, actors, to=to, span=span)

    def _check_after(self, names: Mapping[str, int]) -> None:
        """`after` names an event or an action; events do not wait for each other in a circle."""
        waits: dict[int, set[int]] = {}
        for i, event in enumerate(self._scenario.events):
            for j, condition in enumerate(event.when):
                if isinstance(condition, written.After):
                    if condition.after not in names:
                        raise self._unknown("event or action", condition.after, names, "events", i, "when", j, "after")
                    waits.setdefault(i, set()).add(names[condition.after])
        ready = {i for i in range(len(self._scenario.events)) if i not in waits}
        while waits:
            free = [i for i, others in waits.items() if others <= ready]
            if not free:
                circle = [self._scenario.events[i].name for i in sorted(waits)]
                message = f"events wait for each other in a circle: {', '.join(circle)}"
                raise DiagnosticError(error("S012", message, self._source.span("events", min(waits), "when")))
            ready |= set(free)
            for i in free:
                del waits[i]
        for i, condition in enumerate(self._scenario.stop):
            if isinstance(condition, written.After) and condition.after not in names:
                raise self._unknown("event or action", condition.after, names, "stop", i, "after")

    # Names and numbers.

    def _actor(self, name: str, *keys: str | int) -> str:
        if name not in self._scenario.actors:
            raise self._unknown("actor", name, self._scenario.actors, *keys)
        return name

    def _unknown(self, what: str, name: str, known: Mapping[str, object], *keys: str | int) -> DiagnosticError:
        listed = ", ".join(known) or "none"
        message = f"there is no {what} {name!r}"
        return DiagnosticError(error("S011", message, self._source.span(*keys), help=f"there are: {listed}"))

    def _text(self, text: str) -> str:
        for name, value in self._texts.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def _read(self, value: Quantity, unit: str, *keys: str | int) -> Expression:
        try:
            return read(self._text(value) if isinstance(value, str) else value, unit, self._source.span(*keys))
        except ValueError as fault:
            where = ".".join(map(str, keys))
            raise DiagnosticError(error("S001", f"{where}: {fault}", self._source.span(*keys))) from None
