"""Positions of OpenSCENARIO."""

from __future__ import annotations

from collections.abc import Callable

from syncml.scenario.expressions import Expression
from syncml.scenario.openscenario.reading import Reading
from syncml.scenario.storyboard import ZERO, Frame, Position
from syncml.scenario.xml import Element


def position(outer: Element, reading: Reading) -> Position:
    """The position inside of an element.

    Raises:
        DiagnosticError: S010 its kind is not supported, S011 a name in it has no meaning.
    """

    def lane(given: Element) -> Position:
        return Position(
            Frame.LANE,
            reading.number(given, "s"),
            reading.number(given, "offset", 0.0),
            reading.number(given, "laneId"),
            _heading(given, reading),
            span=given.span,
        )

    def on_road(given: Element) -> Position:
        first, second = reading.number(given, "s"), reading.number(given, "t")
        return Position(Frame.ROAD, first, second, heading=_heading(given, reading), span=given.span)

    def world(given: Element) -> Position:
        first, second = reading.number(given, "x"), reading.number(given, "y")
        return Position(Frame.WORLD, first, second, heading=reading.number(given, "h", 0.0), span=given.span)

    def relative_lane(given: Element) -> Position:
        if given.raw.get("dsLane") is not None:
            raise given.unsupported()
        return Position(
            Frame.RELATIVE_LANE,
            reading.number(given, "ds"),
            reading.number(given, "offset", 0.0),
            reading.number(given, "dLane"),
            _heading(given, reading),
            reading.actor(given),
            given.span,
        )

    def relative(frame: Frame, first: str, second: str) -> Callable[[Element], Position]:
        def read(given: Element) -> Position:
            return Position(
                frame,
                reading.number(given, first),
                reading.number(given, second, 0.0),
                heading=_heading(given, reading),
                to=reading.actor(given),
                span=given.span,
            )

        return read

    found = outer.dispatch(
        reading.found,
        {
            "LanePosition": lane,
            "RoadPosition": on_road,
            "WorldPosition": world,
            "RelativeLanePosition": relative_lane,
            "RelativeRoadPosition": relative(Frame.RELATIVE_ROAD, "ds", "dt"),
            "RelativeObjectPosition": relative(Frame.RELATIVE_OBJECT, "dx", "dy"),
            "RelativeWorldPosition": relative(Frame.RELATIVE_WORLD, "dx", "dy"),
        },
    )
    assert isinstance(found, Position)
    return found


def _heading(given: Element, reading: Reading) -> Expression:
    """The heading that an orientation adds; pitch and roll are zero on a plane road."""
    given.only(reading.found, "Orientation")
    orientation = given.find("Orientation")
    if orientation is None:
        return ZERO
    if orientation.text("type", "relative") != "relative":
        raise orientation.unsupported()
    for name in ("p", "r"):
        if orientation.number(name, 0.0) != 0.0:
            raise orientation.unsupported()
    return reading.number(orientation, "h", 0.0)
