"""Deterministic distributions of OpenSCENARIO: sets, ranges, and sets of values that go together."""

from __future__ import annotations

from collections.abc import Mapping

from syncml.diagnostics.model import Collector, DiagnosticError, error
from syncml.scenario.openscenario.parameters import Declaration
from syncml.scenario.parameters import Factor, Setting, steps
from syncml.scenario.xml import Element

MOST_STEPS = 1_000_000


def factors(given: Element, declared: Mapping[str, Declaration]) -> tuple[Factor, ...]:
    """The factors of the variation, in the order of the file.

    Raises:
        DiagnosticError: D008 a value, S010 a distribution that is not supported, S011 a parameter that there is not.
    """
    found = Collector()
    given.only(found, "DeterministicSingleParameterDistribution", "DeterministicMultiParameterDistribution")
    made: list[Factor] = []
    for distribution in given.children():
        if distribution.tag == "DeterministicSingleParameterDistribution":
            made.append(_single(distribution, declared, found))
        elif distribution.tag == "DeterministicMultiParameterDistribution":
            distribution.only(found, "ValueSetDistribution")
            made.append(_multi(distribution.one("ValueSetDistribution"), declared, found))
    found.raise_if_errors()
    seen: set[str] = set()
    for factor in made:
        if not factor.rows:
            raise DiagnosticError(error("D008", f"the values of {', '.join(factor.names)} are empty", given.span))
        if twice := seen.intersection(factor.names):
            raise DiagnosticError(error("D008", f"parameter {min(twice)!r} is varied twice", given.span))
        seen.update(factor.names)
    return tuple(made)


def _declaration(element: Element, key: str, declared: Mapping[str, Declaration]) -> Declaration:
    name = element.raw_text(key)
    if name not in declared:
        raise element.unknown("parameter", name, dict.fromkeys(declared))
    return declared[name]


def _single(given: Element, declared: Mapping[str, Declaration], found: Collector) -> Factor:
    parameter = _declaration(given, "parameterName", declared)

    def listed(distribution: Element) -> list[Setting]:
        distribution.only(found, "Element")
        return [parameter.read(e.raw_text("value"), e) for e in distribution.all("Element")]

    def ranged(distribution: Element) -> list[Setting]:
        distribution.only(found, "Range")
        limits = distribution.one("Range")
        low, high, width = limits.number("lowerLimit"), limits.number("upperLimit"), distribution.number("stepWidth")
        if width <= 0.0 or low > high or (high - low) / width > MOST_STEPS:
            message = f"a range from {low:g} to {high:g} in steps of {width:g} is impossible"
            raise DiagnosticError(error("S008", message, distribution.span, help="step upwards, by more than zero"))
        return [parameter.read(repr(value), limits) for value in steps(low, high, width)]

    values: list[Setting] = given.dispatch(found, {"DistributionSet": listed, "DistributionRange": ranged})
    return Factor((given.raw_text("parameterName"),), tuple((value,) for value in values))


def _multi(given: Element, declared: Mapping[str, Declaration], found: Collector) -> Factor:
    given.only(found, "ParameterValueSet")
    names: tuple[str, ...] = ()
    rows: list[tuple[Setting, ...]] = []
    for value_set in given.all("ParameterValueSet"):
        value_set.only(found, "ParameterAssignment")
        assigned = value_set.all("ParameterAssignment")
        row = {
            e.raw_text("parameterRef"): _declaration(e, "parameterRef", declared).read(e.raw_text("value"), e)
            for e in assigned
        }
        if names and set(row) != set(names):
            message = "the sets of values do not have the same parameters"
            raise DiagnosticError(error("D008", message, value_set.span))
        names = names or tuple(row)
        rows.append(tuple(row[name] for name in names))
    return Factor(names, tuple(rows))
