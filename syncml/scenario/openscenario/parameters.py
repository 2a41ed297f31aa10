"""Declared parameters and variables of OpenSCENARIO, and their constraints.

Rule: a constraint group holds if all of its constraints do, and a parameter is admitted if one of its groups holds. A
value may be an expression over other parameters, but not in a circle.
"""

from __future__ import annotations

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Collector, DiagnosticError, error
from syncml.scenario.expressions import Expression, parse, spliced
from syncml.scenario.openscenario.reading import NUMERIC, RULES
from syncml.scenario.parameters import Setting
from syncml.scenario.storyboard import Rule
from syncml.scenario.xml import Element

_OPERATORS = {
    Rule.GREATER: ">",
    Rule.LESS: "<",
    Rule.EQUAL: "==",
    Rule.GREATER_OR_EQUAL: ">=",
    Rule.LESS_OR_EQUAL: "<=",
    Rule.NOT_EQUAL: "!=",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """A parameter: its value, or the expression that defines it, and what has to hold of it."""

    element: Element
    setting: Setting | None
    defined: Expression | None = None
    constraints: tuple[Expression, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether it is of type ``string``."""
        return self.element.raw_text("parameterType", self.element.raw_text("variableType", "string")) not in NUMERIC

    def read(self, text: str, at: Element) -> Setting:
        """A value of this parameter; D008 if it is no number and has to be one."""
        return text if self.is_text else _number(text, at)


def declarations(given: Element | None, found: Collector) -> dict[str, Declaration]:
    """The declarations by name.

    Raises:
        DiagnosticError: D008, S007 a value; S012 values that refer to each other in a circle.
    """
    declared: dict[str, Declaration] = {}
    if given is None:
        return declared
    given.only(found, "ParameterDeclaration", "VariableDeclaration")
    for element in given.children():
        name, value = element.raw_text("name"), element.raw_text("value")
        empty = Declaration(element, None)
        kind = element.raw_text("parameterType", element.raw_text("variableType", "string"))
        if kind not in NUMERIC and kind not in ("string", "dateTime"):
            found.add(error("S010", f"type {kind!r} of a parameter is not supported", element.span))
            continue
        constraints = tuple(_constraints(element, name, found, text=empty.is_text))
        if name in declared:
            raise DiagnosticError(error("D008", f"parameter {name!r} is declared twice", element.span))
        if not empty.is_text and "$" in value:
            declared[name] = Declaration(element, None, parse(value, element.span), constraints)
        else:
            declared[name] = Declaration(element, empty.read(value, element), None, constraints)
    return _defined(declared)


def _defined(declared: dict[str, Declaration]) -> dict[str, Declaration]:
    """Definitions without names that are defined themselves."""
    waiting = {n: d for n, d in declared.items() if d.defined is not None}
    known: dict[str, Expression] = {}
    while waiting:
        ready = [n for n, d in waiting.items() if d.defined is not None and not d.defined.names & waiting.keys()]
        if not ready:
            names = ", ".join(sorted(waiting))
            first = next(iter(waiting.values())).element.span
            message = f"parameters are defined by each other in a circle: {names}"
            raise DiagnosticError(error("S012", message, first, help="give one of them a value"))
        for name in ready:
            declaration = waiting.pop(name)
            assert declaration.defined is not None
            known[name] = spliced(declaration.defined, known)
    return {n: Declaration(d.element, d.setting, known.get(n), d.constraints) for n, d in declared.items()}


def _number(text: str, at: Element) -> float:
    try:
        value = {"true": 1.0, "false": 0.0}.get(text)
        value = float(text) if value is None else value
    except ValueError:
        value = float("nan")
    if value - value != 0.0:
        raise DiagnosticError(error("D008", f"{text!r} is no finite number", at.span))
    return value


def _constraints(element: Element, name: str, found: Collector, *, text: bool) -> list[Expression]:
    """One expression that says that one of the groups holds; for texts, where all of them compare numbers."""
    element.only(found, "ConstraintGroup")
    groups: list[str] = []
    for group in element.all("ConstraintGroup"):
        group.only(found, "ValueConstraint")
        tests: list[str] = []
        for constraint in group.all("ValueConstraint"):
            value = constraint.raw_text("value")
            bare = value[2:-1] if value.startswith("${") else value
            if text and not _is_number(bare):
                found.add(
                    error("S010", f"a constraint that compares a text with {value!r} is not supported", constraint.span)
                )
                continue
            tests.append(f"{name} {_OPERATORS[constraint.chosen('rule', RULES)]} ({bare})")
        if tests:
            groups.append(" and ".join(f"({test})" for test in tests))
    return [parse(" or ".join(f"({group})" for group in groups), element.span)] if groups else []


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
