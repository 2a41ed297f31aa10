"""Scenario files are read whole, or every fault of them is reported at its line."""

from __future__ import annotations

from dataclasses import field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, Span, error
from syncml.files import read_text
from syncml.scenario.expressions import parse as parse_expression
from syncml.scenario.model import Connection, Scenario
from syncml.scenario.parameters import variation
from syncml.scenario.yaml_text import parse

Model = TypeVar("Model", bound=BaseModel)


CONNECTION = "connection.yaml"
"""The file beside a program that says how it meets actors; no scenario."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text that a scenario came from; it knows the line of each key."""

    path: Path
    root: Any = field(repr=False)

    def span(self, *keys: str | int) -> Span:
        """Where the deepest of ``keys`` stands that the file has."""
        node, place = self.root, Span.point(str(self.path))
        for key in keys:
            node = _child(node, key) or node
            place = Span.point(str(self.path), node.start_mark.line + 1, node.start_mark.column + 1) if node else place
        return place


@dataclass(frozen=True, slots=True)
class Loaded:
    """A scenario, and where it stands."""

    scenario: Scenario
    source: Source


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from YAML (or JSON, which is YAML).

    Raises:
        DiagnosticError: D001 unreadable, D002 malformed YAML, S001 the contents are no scenario, S007 an expression.
    """
    return load(path).scenario


def load(path: Path) -> Loaded:
    """Read a scenario and its connection; see `load_scenario`."""
    scenario, source = _read(path, Scenario)
    if scenario.connection is not None:
        shared, _ = _read(path.parent / scenario.connection, Connection)
        inputs = dict(shared.inputs) | dict(scenario.inputs)
        scenario = scenario.model_copy(update={"ego": scenario.ego or shared.ego, "inputs": inputs})
    if not scenario.inputs and not scenario.actors:
        raise DiagnosticError(error("S001", "the scenario gives no inputs", source.span()))
    constraints = [parse_expression(text, source.span("require", i)) for i, text in enumerate(scenario.require)]
    try:
        _ = variation(scenario.parameters, scenario.sampling, scenario.seed, constraints).settings(0)
    except ValueError as fault:
        raise DiagnosticError(error("S001", str(fault), source.span("parameters"))) from None
    return Loaded(scenario, source)


def load_connection(path: Path) -> Connection:
    """Read how a program meets actors; see `load_scenario` for its faults."""
    return _read(path, Connection)[0]


def _read(path: Path, model: type[Model]) -> tuple[Model, Source]:
    text = read_text(path)
    try:
        document, raw = parse(text)
    except yaml.YAMLError as fault:
        mark: Any = getattr(fault, "problem_mark", None)
        place = Span.point(str(path), mark.line + 1, mark.column + 1) if mark else Span.point(str(path))
        message = f"{path.name} is no YAML: {getattr(fault, 'problem', None) or fault}".splitlines()[0]
        raise DiagnosticError(error("D002", message, place)) from fault
    except RecursionError:
        message = f"{path.name} nests too deeply"
        raise DiagnosticError(error("D002", message, Span.point(str(path)))) from None
    source = Source(path, document)
    try:
        return model.model_validate(raw), source
    except ValidationError as fault:
        raise DiagnosticError(*(_fault(source, dict(e)) for e in fault.errors())) from fault


def _fault(source: Source, fault: dict[str, Any]) -> Diagnostic:
    """One validation error, at the line of the deepest key that the file has."""
    # pydantic names the chosen model beside the key: ``sum.sum``, ``constant``.
    keys = [k for previous, k in pairwise(["", *fault["loc"]]) if k not in (previous, "constant", "value")]
    where = ".".join(map(str, keys))
    message = " ".join(str(fault["msg"]).split())
    return error("S001", f"{where or 'the scenario'}: {message}", source.span(*fault["loc"]))


def to_yaml(scenario: Scenario) -> str:
    """A scenario as a file that reads back equal."""
    plain = scenario.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)


def _child(node: Any, key: Any) -> Any:
    """The YAML node under ``key``, or None."""
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if getattr(k, "value", None) == str(key)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key]
    return None
