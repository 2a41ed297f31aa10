"""The storyboard of an OpenSCENARIO file."""

from __future__ import annotations

from syncml.diagnostics.model import DiagnosticError, error
from syncml.scenario import storyboard as sb
from syncml.scenario.openscenario.actions import everywhere, private
from syncml.scenario.openscenario.conditions import trigger
from syncml.scenario.openscenario.reading import Reading
from syncml.scenario.xml import Element

_PRIORITIES = {
    "overwrite": sb.Priority.OVERRIDE,
    "override": sb.Priority.OVERRIDE,
    "skip": sb.Priority.SKIP,
    "parallel": sb.Priority.PARALLEL,
}


def storyboard(given: Element, actors: dict[str, sb.Actor], reading: Reading) -> sb.Storyboard:
    """The whole storyboard.

    Raises:
        DiagnosticError: S010 what is not supported, S011 a name without a meaning, S007 an expression.
    """
    given.only(reading.found, "Init", "Story", "StopTrigger")
    initial = _initial(given.one("Init"), reading)
    acts = [
        _act(act, story.text("name", ""), reading)
        for story in given.all("Story")
        for act in _inside(story, reading, "Act", "ParameterDeclarations")
    ]
    stop = given.find("StopTrigger")
    ends = trigger(stop, reading) if stop is not None else ()
    return sb.Storyboard(tuple(actors.values()), initial, tuple(acts), ends, dict(reading.variables))


def _inside(outer: Element, reading: Reading, tag: str, *others: str) -> list[Element]:
    outer.only(reading.found, tag, *others)
    declared = outer.find("ParameterDeclarations")
    if declared is not None and declared.all("ParameterDeclaration"):
        reading.found.extend(declared.unsupported().diagnostics)
    return outer.all(tag)


def _initial(given: Element, reading: Reading) -> tuple[sb.Step, ...]:
    given.only(reading.found, "Actions")
    actions = given.one("Actions")
    actions.only(reading.found, "Private", "GlobalAction")
    steps: list[sb.Step] = []
    anyone = next(iter(reading.actors), "")
    for action in actions.children():
        if action.tag == "GlobalAction":
            steps += [sb.Step("", anyone, a, action.span) for a in everywhere(action, reading)]
        elif action.tag == "Private":
            actor = reading.actor(action)
            for inner in _inside(action, reading, "PrivateAction"):
                with reading.found.catch():
                    steps += [sb.Step("", actor, a, inner.span) for a in private(inner, reading)]
    # A place may be relative to that of an entity further down; places come first, in the order of their references.
    placed = [step for step in steps if isinstance(step.action, sb.Teleport)]
    return (*_ordered(placed), *(step for step in steps if not isinstance(step.action, sb.Teleport)))


def _ordered(placed: list[sb.Step]) -> list[sb.Step]:
    """Initial places, each after the one that it refers to; S012 if there is a circle."""
    waiting, order = list(placed), list[sb.Step]()
    while waiting:
        unplaced = {step.actor for step in waiting}
        ready = [s for s in waiting if isinstance(s.action, sb.Teleport) and s.action.place.to not in unplaced]
        if not ready:
            names = ", ".join(sorted(unplaced))
            message = f"the places of {names} refer to each other in a circle"
            raise DiagnosticError(error("S012", message, waiting[0].span, help="give one of them a place of its own"))
        order += ready
        waiting = [step for step in waiting if step not in ready]
    return order


def _act(given: Element, story: str, reading: Reading) -> sb.Act:
    given.only(reading.found, "ManeuverGroup", "StartTrigger", "StopTrigger")
    start, stop = given.find("StartTrigger"), given.find("StopTrigger")
    groups = [m for group in given.all("ManeuverGroup") for m in _group(group, reading)]
    return sb.Act(
        given.text("name"),
        tuple(groups),
        trigger(start, reading) if start is not None else None,
        trigger(stop, reading) if stop is not None else (),
        story,
    )


def _group(given: Element, reading: Reading) -> list[sb.Manoeuvre]:
    given.only(reading.found, "Actors", "Maneuver")
    if given.text("maximumExecutionCount", "1") != "1":
        message = "a manoeuvre group that runs several times is not supported"
        reading.found.add(error("S010", message, given.span, help="give its events a maximumExecutionCount"))
    actors = given.one("Actors")
    actors.only(reading.found, "EntityRef")
    if actors.truth("selectTriggeringEntities", False):
        message = "selectTriggeringEntities='true' is not supported"
        reading.found.add(error("S010", message, actors.span, help="name the entities"))
    names = [reading.actor(e) for e in actors.all("EntityRef")]
    group = given.text("name")
    return [
        sb.Manoeuvre(
            manoeuvre.text("name"),
            tuple(
                _event(event, names, reading) for event in _inside(manoeuvre, reading, "Event", "ParameterDeclarations")
            ),
            (group,),
        )
        for manoeuvre in given.all("Maneuver")
    ]


def _event(given: Element, actors: list[str], reading: Reading) -> sb.Event:
    given.only(reading.found, "Action", "StartTrigger")
    steps: list[sb.Step] = []
    for action in given.all("Action"):
        name = action.text("name")
        action.only(reading.found, "PrivateAction", "GlobalAction", "UserDefinedAction")
        inner = action.find("PrivateAction")
        if inner is not None:
            with reading.found.catch():
                made = private(inner, reading)
                steps += [sb.Step(name, actor, a, action.span) for actor in actors for a in made]
        for other in action.children():
            if other.tag == "GlobalAction":
                steps += [sb.Step(name, next(iter(reading.actors)), a, action.span) for a in everywhere(other, reading)]
            elif other.tag == "UserDefinedAction":
                reading.found.extend(other.unsupported().diagnostics)
    start, fires = given.find("StartTrigger"), None
    if start is not None:
        with reading.found.catch():
            fires = trigger(start, reading)
    repeats = given.text("maximumExecutionCount", "1")
    if not repeats.isdigit() or int(repeats) < 1:
        raise DiagnosticError(error("D008", f"maximumExecutionCount is {repeats!r}, not 1 or more", given.span))
    return sb.Event(
        given.text("name"),
        fires,
        tuple(steps),
        given.chosen("priority", _PRIORITIES),
        int(repeats),
    )
