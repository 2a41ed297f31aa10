"""Scenario files: the environment of one simulation, as signals over time.

Rule: a scenario gives a duration, a seed and one signal for each input of the main node; a signal is a constant, a
list of points in time (held or interpolated), or random numbers, or the sum of such. Random numbers depend on the
seed and the input's name alone, so a run is a function of (program, scenario, seed). Times are in seconds.
"""

from __future__ import annotations

import zlib
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from syncml.diagnostics.model import Diagnostic, DiagnosticError, Span, error
from syncml.files import read_text
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.types import BOOL, FLOATS, EnumType, Type, element, shape
from syncml.sim.inputs import fitted
from syncml.sim.yaml_text import parse

Value: TypeAlias = bool | int | float | str | list[Any]
"""A value of a stream: a Boolean, a number, a constructor's name, or a nested list for a vector."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Points(_Model):
    """Values at points in time; before the first point its value holds.

    ``held`` keeps each value until the next point; ``linear`` interpolates between numbers.
    """

    points: Annotated[list[tuple[float, Value]], Field(min_length=1)]
    between: Literal["held", "linear"] = "held"

    @model_validator(mode="after")
    def _ascending(self) -> Points:
        if any(b[0] <= a[0] for a, b in pairwise(self.points)):
            raise ValueError("the times of points must ascend")
        return self


class Normal(_Model):
    """Normally distributed noise, clipped to ``mean`` plus or minus ``bound``."""

    mean: float = 0.0
    sigma: Annotated[float, Field(ge=0.0)]
    bound: Annotated[float, Field(ge=0.0)]


class Uniform(_Model):
    """Evenly distributed numbers from ``low`` to ``high``."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Chance(_Model):
    """True with this probability at each tick; false from ``start`` to ``end`` of each of ``false_during``."""

    probability: Annotated[float, Field(ge=0.0, le=1.0)]
    false_during: list[tuple[float, float]] = []


class Sum(_Model):
    """The sum of several signals of numbers."""

    sum: Annotated[list[Signal], Field(min_length=1)]


def _kind(raw: Any) -> str:
    """Which model reads ``raw``: decided by its keys, so that a fault is reported once and in its place."""
    fields: Any = type(raw).model_fields if isinstance(raw, _Model) else raw
    for key in ("points", "sigma", "probability", "sum", "low"):
        if isinstance(fields, dict) and key in fields:
            return key
    return "constant"


Signal: TypeAlias = Annotated[
    Annotated[Points, Tag("points")]
    | Annotated[Normal, Tag("sigma")]
    | Annotated[Chance, Tag("probability")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[Uniform, Tag("low")]
    | Annotated[Value, Tag("constant")],
    Discriminator(_kind),
]


class Scenario(_Model):
    """A scenario file.

    Attributes:
        name: A short title for reports.
        source: Where the figures come from (regulation, protocol, section).
        duration: Simulated time in seconds.
        seed: The seed of all random numbers; ``--seed`` overrides it.
        inputs: One signal for each input of the main node.
    """

    name: str
    source: str = ""
    duration: Annotated[float, Field(gt=0.0)]
    seed: int = 0
    inputs: dict[str, Signal]


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from YAML (or JSON, which is YAML).

    Raises:
        DiagnosticError: D001 unreadable, D002 malformed YAML, S001 the contents are no scenario.
    """
    text = read_text(path)
    try:
        document, raw = parse(text)
    except yaml.YAMLError as fault:
        mark: Any = getattr(fault, "problem_mark", None)
        place = Span.point(str(path), mark.line + 1, mark.column + 1) if mark else Span.point(str(path))
        message = f"{path.name} is no YAML: {getattr(fault, 'problem', None) or fault}".splitlines()[0]
        raise DiagnosticError(error("D002", message, place)) from fault
    try:
        return Scenario.model_validate(raw)
    except ValidationError as fault:
        raise DiagnosticError(*(_scenario_fault(path, document, dict(e)) for e in fault.errors())) from fault


def _scenario_fault(path: Path, document: Any, fault: dict[str, Any]) -> Diagnostic:
    """One validation error, at the line of the deepest key that the file has."""
    node, place = document, Span.point(str(path))
    for key in fault["loc"]:
        node = _child(node, key) or node
        place = Span.point(str(path), node.start_mark.line + 1, node.start_mark.column + 1) if node else place
    # pydantic names the chosen model beside the key: ``sum.sum``, ``constant``.
    keys = [k for previous, k in pairwise(["", *fault["loc"]]) if k not in (previous, "constant")]
    where = ".".join(map(str, keys))
    return error("S001", f"{where or 'the scenario'}: {fault['msg']}", place)


def _child(node: Any, key: Any) -> Any:
    """The YAML node under ``key``, or None."""
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if getattr(k, "value", None) == str(key)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key]
    return None


def inputs_of(scenario: Scenario, node: Node, ticks: int, seed: int | None = None) -> dict[str, Any]:
    """The values of each input of ``node`` at each tick.

    Raises:
        DiagnosticError: S001 the node has no rate; or a signal does not fit its input.
    """
    rate = base_rate(node)
    values: dict[str, Any] = {}
    faults: list[Diagnostic] = []
    types = {v.name: v for v in node.inputs}
    for name, signal in scenario.inputs.items():
        if name not in types:
            values[name] = []  # reported by `prepare`, which knows all inputs
            continue
        generator = np.random.Generator(
            np.random.Philox(
                np.random.SeedSequence([scenario.seed if seed is None else seed, zlib.crc32(name.encode())])
            )
        )
        try:
            values[name] = _values(signal, types[name], ticks, float(rate), generator)
        except ValueError as fault:
            faults.append(error("S003", f"input {name!r}: {fault}", types[name].span, help=_advice(types[name].type)))
    if faults:
        raise DiagnosticError(*faults)
    return values


def _advice(type_: Type) -> str:
    kind = element(type_)
    if isinstance(kind, EnumType):
        return f"its type is {type_}: write {', '.join(kind.constructors)}"
    return f"its type is {type_}: write true or false" if kind is BOOL else f"its type is {type_}"


def base_rate(node: Node) -> Fraction:
    """The rate of the node's base clock; S001 if it has none."""
    if node.rate is None:
        message = f"{node.label} has no rate, so a scenario in seconds cannot drive it"
        raise DiagnosticError(error("S001", message, node.span, help="declare it: @node(rate=Hz(100))"))
    return node.rate


def ticks_of(scenario: Scenario, node: Node) -> int:
    """The number of base ticks of the scenario."""
    return round(scenario.duration * base_rate(node))


def _values(signal: Any, var: Var, ticks: int, rate: float, generator: np.random.Generator) -> Any:
    kind = element(var.type)
    extent = (ticks, *shape(var.type))
    if isinstance(signal, Normal | Uniform | Sum) and kind not in FLOATS:
        raise ValueError(f"noise is no {kind}")
    if isinstance(signal, Chance) and kind is not BOOL:
        raise ValueError(f"a chance is a Boolean, the input is {kind}")
    match signal:
        case Points():
            return _points(signal, var, ticks, rate)
        case Normal():
            noise = generator.normal(0.0, signal.sigma, extent).clip(-signal.bound, signal.bound)
            return _floats(signal.mean + noise, var)
        case Uniform():
            return _floats(generator.uniform(signal.low, signal.high, extent), var)
        case Chance():
            drawn = generator.random(extent) < signal.probability
            time = np.arange(ticks) / rate
            for start, end in signal.false_during:
                drawn[(time >= start) & (time < end)] = False
            return drawn
        case Sum():
            parts = [_values(part, var, ticks, rate, generator) for part in signal.sum]
            total = np.zeros(extent)
            for part in parts:
                total = total + np.asarray(part, dtype=np.float64)
            return _floats(total, var)
        case _:
            return np.broadcast_to(fitted(signal, var.type), extent).copy()


def _floats(values: NDArray[Any], var: Var) -> NDArray[Any]:
    return values.astype(dtype(element(var.type)))


def _points(signal: Points, var: Var, ticks: int, rate: float) -> Any:
    times = np.array([time for time, _ in signal.points])
    now = np.arange(ticks) / rate
    if signal.between == "held":
        # A point at 0.3 s takes effect at the tick at 0.3 s, whatever the rounding of the division.
        chosen = np.searchsorted(times - 1e-9, now, side="right") - 1
        return np.stack([fitted(value, var.type) for _, value in signal.points])[np.maximum(chosen, 0)]
    if isinstance(element(var.type), EnumType) or element(var.type) not in FLOATS:
        raise ValueError(f"cannot interpolate {var.type}")
    numbers = np.array([value for _, value in signal.points], dtype=np.float64)
    flat = numbers.reshape(len(times), -1)
    lines = [np.interp(now, times, flat[:, i]) for i in range(flat.shape[1])]
    return _floats(np.stack(lines, axis=1).reshape(ticks, *numbers.shape[1:]), var)
