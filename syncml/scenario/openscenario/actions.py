"""Actions of OpenSCENARIO."""

from __future__ import annotations

from syncml.diagnostics.model import DiagnosticError, error
from syncml.scenario import storyboard as sb
from syncml.scenario.expressions import Expression, constant, times
from syncml.scenario.openscenario.positions import position
from syncml.scenario.openscenario.reading import Reading
from syncml.scenario.xml import Element

_SHAPES = {
    "step": sb.Shape.STEP,
    "linear": sb.Shape.LINEAR,
    "sinusoidal": sb.Shape.SINUSOIDAL,
    "cubic": sb.Shape.CUBIC,
}
_LIMITS = ("maxAcceleration", "maxDeceleration", "maxSpeed")
_UNLIMITED = 1e9
_DIMENSIONS = {"time": sb.Dimension.TIME, "distance": sb.Dimension.DISTANCE, "rate": sb.Dimension.RATE}


def private(action: Element, reading: Reading) -> list[sb.Action]:
    """What a private action makes its actor do; assigning a controller moves nothing.

    Raises:
        DiagnosticError: S010 the action, or a part of it, is not supported.
    """
    readers = {
        "TeleportAction": _teleport,
        "LongitudinalAction": _longitudinal,
        "LateralAction": _lateral,
        "ControllerAction": _controller,
        "ActivateControllerAction": _activate,
        "RoutingAction": _routing,
    }
    found = action.dispatch(
        reading.found, {tag: lambda e, read=read: read(e, reading) for tag, read in readers.items()}
    )
    assert isinstance(found, list)
    return found  # pyright: ignore[reportUnknownVariableType]


def everywhere(action: Element, reading: Reading) -> list[sb.Action]:
    """What a global or user-defined action does: it sets or changes a parameter or a variable."""
    action.only(reading.found, "ParameterAction", "VariableAction")
    inner = action.find("ParameterAction") or action.one("VariableAction")
    kind = "parameterRef" if inner.tag == "ParameterAction" else "variableRef"
    name = reading.variable(inner, kind)

    def change(given: Element) -> sb.Action:
        rule = given.one("Rule")
        return rule.dispatch(
            reading.found,
            {
                "AddValue": lambda e: sb.Assign(name, reading.number(e, "value"), 1),
                "MultiplyByValue": lambda e: sb.Assign(name, reading.number(e, "value"), 2),
            },
        )

    return [
        inner.dispatch(
            reading.found,
            {"SetAction": lambda e: sb.Assign(name, reading.number(e, "value")), "ModifyAction": change},
        )
    ]


def _teleport(action: Element, reading: Reading) -> list[sb.Action]:
    action.only(reading.found, "Position")
    return [sb.Teleport(position(action.one("Position"), reading))]


def _dynamics(given: Element, reading: Reading) -> tuple[sb.Shape, sb.Dimension, Expression]:
    shape = given.chosen("dynamicsShape", _SHAPES)
    return shape, given.chosen("dynamicsDimension", _DIMENSIONS), reading.number(given, "value")


def _longitudinal(action: Element, reading: Reading) -> list[sb.Action]:
    return action.dispatch(
        reading.found,
        {
            "SpeedAction": lambda e: [_speed(e, reading)],
            "LongitudinalDistanceAction": lambda e: [_distance(e, reading)],
            "SpeedProfileAction": lambda e: [_profile(e, reading)],
        },
    )


def _speed(action: Element, reading: Reading) -> sb.Action:
    action.only(reading.found, "SpeedActionDynamics", "SpeedActionTarget")
    shape, dimension, value = _dynamics(action.one("SpeedActionDynamics"), reading)

    def absolute(target: Element) -> sb.Action:
        return sb.SetSpeed(shape, dimension, value, reading.number(target, "value"))

    def relative(target: Element) -> sb.Action:
        goes_on = target.truth("continuous", False)
        if goes_on and dimension is sb.Dimension.RATE and shape is not sb.Shape.STEP:
            # How long it takes is not known while the target moves.
            raise _attribute(target, "continuous")
        times = target.chosen("speedTargetValueType", {"delta": False, "factor": True})
        number, to = reading.number(target, "value"), reading.actor(target)
        return sb.SetSpeed(shape, dimension, value, number, to, bool(times), goes_on)

    target = action.one("SpeedActionTarget")
    return target.dispatch(reading.found, {"AbsoluteTargetSpeed": absolute, "RelativeTargetSpeed": relative})


def _profile(action: Element, reading: Reading) -> sb.Action:
    action.only(reading.found, "SpeedProfileEntry")
    if action.raw.get("entityRef") is not None:
        raise _attribute(action, "entityRef")
    entries = action.all("SpeedProfileEntry")
    return sb.SpeedProfile(tuple((reading.number(e, "time"), reading.number(e, "speed")) for e in entries))


def _distance(action: Element, reading: Reading) -> sb.Action:
    action.only(reading.found, "DynamicConstraints")
    goes_on, limits = action.truth("continuous", False), action.find("DynamicConstraints")
    if limits is not None and not goes_on:
        raise limits.unsupported()
    for jerk in ("maxAccelerationRate", "maxDecelerationRate"):
        if limits is not None and limits.raw.get(jerk) is not None:
            raise _attribute(limits, jerk)
    if action.raw.get("timeGap") is not None:
        seconds, distance = True, reading.number(action, "timeGap")
    else:
        seconds, distance = False, reading.number(action, "distance")
    ahead = action.chosen("displacement", {"leadingReferencedEntity": True, "trailingReferencedEntity": False})
    return sb.TakeDistance(
        reading.actor(action), distance, seconds, action.truth("freespace"), bool(ahead), goes_on,
        () if limits is None else tuple(reading.number(limits, name, _UNLIMITED) for name in _LIMITS),
    )  # fmt: skip


def _lateral(action: Element, reading: Reading) -> list[sb.Action]:
    return action.dispatch(
        reading.found,
        {
            "LaneChangeAction": lambda e: [_lane_change(e, reading)],
            "LaneOffsetAction": lambda e: [_lane_offset(e, reading)],
            "LateralDistanceAction": lambda e: [_beside(e, reading)],
        },
    )


def _lane_change(action: Element, reading: Reading) -> sb.Action:
    action.only(reading.found, "LaneChangeActionDynamics", "LaneChangeTarget")
    shape, dimension, value = _dynamics(action.one("LaneChangeActionDynamics"), reading)
    raw = "targetLaneOffset"
    offset = reading.number(action, raw, 0.0)
    return action.one("LaneChangeTarget").dispatch(
        reading.found,
        {
            "AbsoluteTargetLane": lambda e: sb.ChangeLane(
                shape, dimension, value, reading.number(e, "value"), offset=offset
            ),
            "RelativeTargetLane": lambda e: sb.ChangeLane(
                shape, dimension, value, reading.number(e, "value"), reading.actor(e), offset
            ),
        },
    )


def _lane_offset(action: Element, reading: Reading) -> sb.Action:
    action.only(reading.found, "LaneOffsetActionDynamics", "LaneOffsetTarget")
    goes_on = action.truth("continuous", False)
    dynamics = action.one("LaneOffsetActionDynamics")
    shape = dynamics.chosen("dynamicsShape", _SHAPES)
    limit = reading.number(dynamics, "maxLateralAcc", 0.0)
    if shape is sb.Shape.LINEAR or dynamics.raw.get("maxLateralAcc") is None:
        # Without a limit nothing says how long it takes, and no limit holds at the ends of a straight line.
        if shape is sb.Shape.LINEAR:
            raise _attribute(dynamics, "dynamicsShape")
        shape = sb.Shape.STEP
    return action.one("LaneOffsetTarget").dispatch(
        reading.found,
        {
            "AbsoluteTargetLaneOffset": lambda e: sb.ShiftInLane(
                shape, limit, reading.number(e, "value"), continuous=goes_on
            ),
            "RelativeTargetLaneOffset": lambda e: sb.ShiftInLane(
                shape, limit, reading.number(e, "value"), reading.actor(e), goes_on
            ),
        },
    )


def _beside(action: Element, reading: Reading) -> sb.Action:
    """To the left or the right of another at once; without limits nothing says how long it takes."""
    action.only(reading.found)
    if action.text("coordinateSystem", "lane") not in ("lane", "road"):
        raise _attribute(action, "coordinateSystem")
    left = action.chosen("displacement", {"leftToReferencedEntity": True, "rightToReferencedEntity": False})
    distance, side = reading.number(action, "distance"), 1 if left else -1
    return sb.ShiftInLane(
        sb.Shape.STEP, sb.ZERO, times(distance, side), reading.actor(action), action.truth("continuous"),
        side * int(action.truth("freespace")),
    )  # fmt: skip


def _controller(action: Element, reading: Reading) -> list[sb.Action]:
    """Controllers are assigned to the ego, which the program drives; nothing else has one."""
    action.only(reading.found, "AssignControllerAction", "OverrideControllerValueAction", "ActivateControllerAction")
    override = action.find("OverrideControllerValueAction")
    if override is not None and any(inner.truth("active", False) for inner in override.children()):
        raise override.unsupported()
    return [a for inner in action.all("ActivateControllerAction") for a in _activate(inner, reading)]


def _activate(action: Element, reading: Reading) -> list[sb.Action]:
    action.only(reading.found)
    return [sb.Activate(action.truth("longitudinal", True))]


def _routing(action: Element, reading: Reading) -> list[sb.Action]:
    return action.dispatch(reading.found, {"FollowTrajectoryAction": lambda e: [_follow(e, reading)]})


def _follow(action: Element, reading: Reading) -> sb.Action:
    action.only(reading.found, "TrajectoryRef", "Trajectory", "TimeReference", "TrajectoryFollowingMode")
    outer = action.find("TrajectoryRef")
    trajectory = (outer or action).one("Trajectory")
    trajectory.only(reading.found, "Shape", "ParameterDeclarations")
    if trajectory.truth("closed", False):
        raise _attribute(trajectory, "closed")
    shape = trajectory.one("Shape")
    shape.only(reading.found, "Polyline")
    line = shape.one("Polyline")
    line.only(reading.found, "Vertex")
    scale, offset = _timing(action.one("TimeReference"), reading)
    points: list[tuple[Expression, sb.Position]] = []
    turns = True
    for vertex in line.all("Vertex"):
        vertex.only(reading.found, "Position")
        time = reading.number(vertex, "time")
        if scale != 1.0 or offset != 0.0:
            if time.names:
                raise _attribute(vertex, "time")
            time = constant(float(time.value({})) * scale + offset)
        points.append((time, position(vertex.one("Position"), reading)))
        # Where the file gives headings, the actor keeps the one that it has.
        turns = turns and all(kind.find("Orientation") is None for kind in vertex.one("Position").children())
    if len(points) < 2:
        message = "a trajectory needs two points"
        raise DiagnosticError(error("S009", message, line.span, help="add a <Vertex>"))
    return sb.Follow(tuple(points), turns)


def _timing(reference: Element, reading: Reading) -> tuple[float, float]:
    reference.only(reading.found, "Timing")
    timing = reference.one("Timing")
    timing.chosen("domainAbsoluteRelative", {"relative": None})
    return timing.number("scale", 1.0), timing.number("offset", 0.0)


def _attribute(element: Element, name: str) -> DiagnosticError:
    message = f"{name}={element.raw_text(name, '')!r} of <{element.tag}> is not supported"
    return DiagnosticError(error("S010", message, element.span))
