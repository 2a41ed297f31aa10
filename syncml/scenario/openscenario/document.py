"""OpenSCENARIO files as templates: a scenario with its declared values, or a variation of one.

Rule: the parameters of a scenario have the declared values, except where a file of deterministic distributions gives
others: each distribution is a factor of the product. A run whose values break a constraint of the declarations is left
out; a declared value that breaks one is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from syncml.diagnostics.model import Collector, DiagnosticError, Span, error
from syncml.scenario.expressions import Expression, constant, parse, spliced
from syncml.scenario.opendrive import read_road
from syncml.scenario.openscenario.distributions import factors
from syncml.scenario.openscenario.entities import Catalogs, entities
from syncml.scenario.openscenario.parameters import declarations
from syncml.scenario.openscenario.reading import Reading
from syncml.scenario.openscenario.story import storyboard
from syncml.scenario.parameters import Setting, Variation
from syncml.scenario.roads import Road
from syncml.scenario.storyboard import Storyboard
from syncml.scenario.templates import Template
from syncml.scenario.xml import Element, read_xml

LONGEST = 120.0
"""Seconds that a run lasts at most if no time ends it."""
PURPOSE = "reading OpenSCENARIO"


def read_openscenario(path: Path) -> Template:
    """The template of a file.

    Raises:
        DiagnosticError: D001, D006, D008 the file; S007 to S012 what is in it, with lines.
    """
    top = read_xml(path, "OpenSCENARIO", PURPOSE)
    header = top.one("FileHeader")
    if header.text("revMajor") != "1" or header.text("revMinor") not in ("0", "1", "2", "3"):
        version = f"{header.text('revMajor')}.{header.text('revMinor')}"
        message = f"version {version} of OpenSCENARIO is not supported"
        raise DiagnosticError(error("S010", message, header.span, help="supported: 1.0 to 1.3"))
    varied = top.find("ParameterValueDistribution")
    if varied is None:
        return _Scenario(path, top).template(header.text("description", path.stem), path, None)
    top_only = Collector()
    top.only(top_only, "FileHeader", "ParameterValueDistribution")
    varied.only(top_only, "ScenarioFile", "Deterministic")
    top_only.raise_if_errors()
    reference = varied.one("ScenarioFile")
    target = path.parent / reference.text("filepath")
    inner = read_xml(target, "OpenSCENARIO", PURPOSE, reference.span)
    if inner.find("ParameterValueDistribution") is not None:
        message = f"{target.name} varies another file itself"
        raise DiagnosticError(error("S012", message, reference.span, help="name a scenario"))
    return _Scenario(target, inner).template(header.text("description", path.stem), path, varied.one("Deterministic"))


class _Scenario:
    """A scenario file."""

    def __init__(self, path: Path, top: Element) -> None:
        self._path = path
        self._top = top
        found = Collector()
        top.only(
            found, "FileHeader", "ParameterDeclarations", "VariableDeclarations", "CatalogLocations", "RoadNetwork",
            "Entities", "Storyboard",
        )  # fmt: skip
        self._found = found
        self._declared = declarations(top.find("ParameterDeclarations"), found)
        self._variables = declarations(top.find("VariableDeclarations"), found)
        self._roads: dict[str, Road] = {}
        self._catalogs = Catalogs(top.find("CatalogLocations"), path.parent)

    def template(self, name: str, path: Path, varied: Element | None) -> Template:
        fixed: dict[str, Setting] = {n: d.setting for n, d in self._declared.items() if d.setting is not None}
        chosen = factors(varied, self._declared) if varied is not None else ()
        for factor in chosen:
            for given in factor.names:
                fixed.pop(given, None)
        constraints = tuple(c for d in self._declared.values() for c in d.constraints)
        definitions = {n: d.defined for n, d in self._declared.items() if d.defined is not None}
        runs = Variation(tuple(chosen), fixed, tuple(spliced(c, definitions) for c in constraints))
        self._check(runs)
        # What is not supported is told before anything runs.
        self.stage(runs.settings(0))
        return Template(name, path, runs, self._duration(), 0, self.stage, self._ego())

    def _check(self, runs: Variation) -> None:
        """At least one run is admitted by the constraints; without a variation, the declared values are."""
        if any(runs.admitted(numbers).any() for numbers in runs.chunks()):
            return
        broken = next((c for c in runs.constraints if not c.value(runs.numbers(0))), None)
        if broken is not None:
            values = ", ".join(f"{n} = {runs.settings(0).get(n)}" for n in sorted(broken.names))
            message = f"`{broken.text}` does not hold for {values}"
            raise DiagnosticError(error("S008", message, broken.span, help="choose values that the constraints admit"))

    def stage(self, settings: Mapping[str, Setting]) -> tuple[Road, Storyboard]:
        """The road and the storyboard for a choice of texts."""
        texts = {n: v for n, v in settings.items() if isinstance(v, str)}
        top = replace(self._top, texts=texts)
        found = Collector()
        found.extend(self._found.diagnostics)
        names: dict[str, Expression | None] = {
            n: d.defined for n, d in self._declared.items() if not isinstance(d.setting, str)
        }
        tested = {
            e.get(key, "").lstrip("$")
            for e in top.raw.iter("{*}ParameterCondition", "{*}ParameterAction")
            for key in ("parameterRef",)
        }
        variables = {
            n: d.defined or (Expression(n, (n,)) if n not in self._variables else constant(float(d.setting or 0.0)))
            for n, d in (self._declared | self._variables).items()
            if not isinstance(d.setting, str) and (n in self._variables or n in tested)
        }
        reading = Reading(found, names, variables, {})
        network = top.one("RoadNetwork")
        network.only(found, "LogicFile", "SceneGraphFile", "TrafficSignals", "UsedArea")
        signals = network.find("TrafficSignals")
        if signals is not None and list(signals.children()):
            found.extend(signals.unsupported().diagnostics)
        file = network.one("LogicFile")
        actors = entities(top.one("Entities"), self._catalogs, reading)
        reading.actors = actors
        board = storyboard(top.one("Storyboard"), actors, reading)
        found.raise_if_errors()
        return self._road(file.text("filepath"), file.span), board

    def _road(self, name: str, used_at: Span) -> Road:
        if name not in self._roads:
            self._roads[name] = read_road(self._path.parent / name, used_at)
        return self._roads[name]

    def _ego(self) -> str:
        """The entity that the program drives: the one with a controller, or the one that is called so."""
        objects = self._top.one("Entities").all("ScenarioObject")
        named = [e.text("name") for e in objects if e.text("name").lower() == "ego"]
        controlled = [e.text("name") for e in objects if e.find("ObjectController") is not None]
        chosen = named or controlled
        if len(chosen) != 1:
            message = (
                "no entity is the ego, which the program drives" if not chosen else "several entities may be the ego"
            )
            at = self._top.one("Entities").span
            raise DiagnosticError(error("S011", message, at, help="call one entity `Ego`"))
        return chosen[0]

    def _duration(self) -> Expression:
        """When the run is over at the latest: a time in the stop trigger, a tick more, or two minutes."""
        stop = self._top.one("Storyboard").find("StopTrigger")
        for group in stop.all("ConditionGroup") if stop is not None else ():
            conditions = group.all("Condition")
            inner = conditions[0].find("ByValueCondition") if len(conditions) == 1 else None
            time = inner.find("SimulationTimeCondition") if inner is not None else None
            if time is not None and time.raw_text("rule") in ("greaterThan", "greaterOrEqual"):
                delay = float(conditions[0].raw_text("delay", "0"))
                return parse(f"({_bare(time.raw_text('value'))}) + {delay + 1.0!r}", time.span)
        return constant(LONGEST)


def _bare(text: str) -> str:
    return text[2:-1] if text.startswith("${") else text
