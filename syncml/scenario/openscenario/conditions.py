"""Triggers and conditions of OpenSCENARIO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.scenario import storyboard as sb
from syncml.scenario.expressions import constant
from syncml.scenario.openscenario.positions import position
from syncml.scenario.openscenario.reading import EDGES, RULES, Reading
from syncml.scenario.xml import Element

_STATES = {
    "standbyState": sb.ElementState.STANDBY,
    "runningState": sb.ElementState.RUNNING,
    "completeState": sb.ElementState.COMPLETE,
    "startTransition": sb.ElementState.STARTED,
    "endTransition": sb.ElementState.ENDED,
    "stopTransition": sb.ElementState.STOPPED,
    "skipTransition": sb.ElementState.SKIPPED,
}
_AXES = {
    "longitudinal": sb.Axis.LONGITUDINAL,
    "lateral": sb.Axis.LATERAL,
    "euclidianDistance": sb.Axis.EUCLIDEAN,
    "cartesianDistance": sb.Axis.EUCLIDEAN,
}
_ALONG_ACTOR = {"entity": True, "road": False, "lane": False}


def trigger(outer: Element, reading: Reading) -> sb.Trigger:
    """A trigger: groups of conditions."""
    outer.only(reading.found, "ConditionGroup")
    groups: list[tuple[sb.Condition, ...]] = []
    for group in outer.all("ConditionGroup"):
        group.only(reading.found, "Condition")
        groups.append(tuple(_condition(condition, reading) for condition in group.all("Condition")))
    return tuple(groups)


@dataclass(frozen=True, slots=True)
class _Common:
    """What every condition has."""

    reading: Reading
    edge: sb.Edge
    delay: Any
    actors: tuple[str, ...] = ()
    every: bool = False

    def make(self, given: Element, measure: sb.Measure, value: Any, **more: Any) -> sb.Condition:
        return sb.Condition(
            measure, value, edge=self.edge, delay=self.delay, actors=self.actors, every=self.every, span=given.span,
            **more,
        )  # fmt: skip


def _condition(given: Element, reading: Reading) -> sb.Condition:
    common = _Common(reading, given.chosen("conditionEdge", EDGES, "none"), reading.number(given, "delay", 0.0))
    found = given.dispatch(
        reading.found,
        {"ByValueCondition": lambda e: _by_value(e, common), "ByEntityCondition": lambda e: _by_entity(e, common)},
    )
    assert isinstance(found, sb.Condition)
    return found


def _by_value(given: Element, c: _Common) -> sb.Condition:
    reading = c.reading

    def time(e: Element) -> sb.Condition:
        return c.make(e, sb.Measure.TIME, reading.number(e, "value"), rule=e.chosen("rule", RULES))

    def state(e: Element) -> sb.Condition:
        wanted = constant(float(e.chosen("state", _STATES)))
        # Names may be given with their path; the last part says which element is meant.
        name = e.text("storyboardElementRef").rpartition("::")[2]
        return c.make(e, sb.Measure.ELEMENT, wanted, rule=sb.Rule.EQUAL, to=name)

    def variable(name: str) -> Callable[[Element], sb.Condition]:
        def read(e: Element) -> sb.Condition:
            return c.make(
                e, sb.Measure.VARIABLE, reading.number(e, "value"), rule=e.chosen("rule", RULES),
                to=reading.variable(e, name),
            )  # fmt: skip

        return read

    return given.dispatch(
        reading.found,
        {
            "SimulationTimeCondition": time,
            "StoryboardElementStateCondition": state,
            "ParameterCondition": variable("parameterRef"),
            "VariableCondition": variable("variableRef"),
        },
    )


def _by_entity(given: Element, c: _Common) -> sb.Condition:
    reading = c.reading
    given.only(reading.found, "TriggeringEntities", "EntityCondition")
    entities = given.one("TriggeringEntities")
    entities.only(reading.found, "EntityRef")
    every = entities.chosen("triggeringEntitiesRule", {"any": False, "all": True})
    actors = tuple(reading.actor(e) for e in entities.all("EntityRef"))
    if not actors:
        raise DiagnosticError(error("D008", "<TriggeringEntities> names no entity", entities.span))
    c = replace(c, actors=actors, every=every)

    def of(measure: sb.Measure, key: str = "value", *, rule: bool = True, to: bool = False) -> Any:
        def read(e: Element) -> sb.Condition:
            if e.raw.get("direction") is not None:
                raise e.unsupported()
            chosen = e.chosen("rule", RULES) if rule else sb.Rule.GREATER_OR_EQUAL
            other = reading.actor(e) if to else ""
            return c.make(e, measure, reading.number(e, key), rule=chosen, to=other)

        return read

    def apart(measure: sb.Measure, axis: str) -> Any:
        def read(e: Element) -> sb.Condition:
            if e.text("routingAlgorithm", "undefined") != "undefined":
                raise e.unsupported()
            kind = e.text("relativeDistanceType", axis)
            if kind not in _AXES:
                raise e.unsupported()
            return c.make(
                e, measure, reading.number(e, "value"), rule=e.chosen("rule", RULES), to=_target(e, reading),
                axis=_AXES[kind], freespace=e.truth("freespace"),
                along_actor=e.chosen("coordinateSystem", _ALONG_ACTOR, "entity"),
            )  # fmt: skip

        return read

    def reach(e: Element) -> sb.Condition:
        e.only(reading.found, "Position")
        place = position(e.one("Position"), reading)
        value = reading.number(e, "tolerance")
        return c.make(e, sb.Measure.DISTANCE_TO_POINT, value, rule=sb.Rule.LESS_OR_EQUAL, place=place)

    def to_place(e: Element) -> sb.Condition:
        e.only(reading.found, "Position")
        kind = e.text("relativeDistanceType", "euclidianDistance")
        if e.truth("freespace") or _AXES.get(kind) is not sb.Axis.EUCLIDEAN:
            raise e.unsupported()
        place = position(e.one("Position"), reading)
        rule = e.chosen("rule", RULES)
        return c.make(e, sb.Measure.DISTANCE_TO_POINT, reading.number(e, "value"), rule=rule, place=place)

    def end_of_road(e: Element) -> sb.Condition:
        if e.number("duration") != 0.0:
            raise e.unsupported()
        return c.make(e, sb.Measure.END_OF_ROAD, constant(0.0))

    def collision(e: Element) -> sb.Condition:
        e.only(reading.found, "EntityRef")
        return c.make(e, sb.Measure.COLLISION, constant(0.0), to=reading.actor(e.one("EntityRef")))

    return given.one("EntityCondition").dispatch(
        reading.found,
        {
            "RelativeDistanceCondition": apart(sb.Measure.DISTANCE, "euclidianDistance"),
            "TimeHeadwayCondition": apart(sb.Measure.HEADWAY, "longitudinal"),
            "TimeToCollisionCondition": apart(sb.Measure.TIME_TO_COLLISION, "longitudinal"),
            "SpeedCondition": of(sb.Measure.SPEED),
            "RelativeSpeedCondition": of(sb.Measure.RELATIVE_SPEED, to=True),
            "AccelerationCondition": of(sb.Measure.ACCELERATION),
            "StandStillCondition": of(sb.Measure.STANDSTILL, "duration", rule=False),
            "TraveledDistanceCondition": of(sb.Measure.TRAVELLED, rule=False),
            "EndOfRoadCondition": end_of_road,
            "ReachPositionCondition": reach,
            "DistanceCondition": to_place,
            "CollisionCondition": collision,
        },
    )


def _target(e: Element, reading: Reading) -> str:
    """The other entity of a distance: an attribute, or inside of a target."""
    if e.raw.get("entityRef") is not None:
        e.only(reading.found)
        return reading.actor(e)
    e.only(reading.found, "TimeToCollisionConditionTarget")
    target = e.one("TimeToCollisionConditionTarget")
    target.only(reading.found, "EntityRef")
    return reading.actor(target.one("EntityRef"))
