"""What all readers of OpenSCENARIO share: numbers that may be expressions, and names with a meaning.

Rule: an attribute is a constant, ``$name``, or ``${expression}``. The value of a parameter of a numeric type stays a
name in expressions, so that it may differ from run to run; one of type ``string`` is replaced where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Collector, DiagnosticError, error
from syncml.scenario.expressions import Expression, constant, parse, spliced
from syncml.scenario.storyboard import Edge, Rule
from syncml.scenario.xml import Element

RULES = {
    "greaterThan": Rule.GREATER,
    "lessThan": Rule.LESS,
    "equalTo": Rule.EQUAL,
    "greaterOrEqual": Rule.GREATER_OR_EQUAL,
    "lessOrEqual": Rule.LESS_OR_EQUAL,
    "notEqualTo": Rule.NOT_EQUAL,
}
EDGES = {"none": Edge.NONE, "rising": Edge.RISING, "falling": Edge.FALLING, "risingOrFalling": Edge.BOTH}
NUMERIC = frozenset({"double", "integer", "int", "unsignedInt", "unsignedShort", "boolean"})


@dataclass(slots=True)
class Reading:
    """One scenario file that is being read for one choice of texts.

    Attributes:
        found: What is not supported, so far.
        names: The numeric parameters, and those that are defined by others.
        variables: What conditions test and actions assign: parameters and variables, with first values.
        actors: The entities.
    """

    found: Collector
    names: Mapping[str, Expression | None]
    variables: dict[str, Expression]
    actors: Mapping[str, object]

    def number(self, element: Element, name: str, default: float | None = None) -> Expression:
        """An attribute that is a number.

        Raises:
            DiagnosticError: D008 there is none, S007 it is no expression.
        """
        raw = element.raw_text(name, None if default is None else repr(default)).strip()
        if raw.startswith("$") and not raw.startswith("${") and raw[1:] in element.texts:
            raw = element.texts[raw[1:]]
        if raw.lower() in ("inf", "+inf", "infinity"):
            raise element.unsupported()
        if raw.startswith("$"):
            expression = parse(raw, element.span)
            for wanted in sorted(expression.names):
                if wanted not in self.names and wanted not in element.texts:
                    raise element.unknown("parameter", wanted, dict.fromkeys(self.names))
            definitions = {n: e for n, e in self.names.items() if e is not None}
            numbers = {n: parse(t, element.span) for n, t in element.texts.items() if n in expression.names}
            return spliced(expression, definitions | numbers)
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if value - value != 0.0:
            message = f"attribute {name!r} of <{element.tag}> is no finite number: {raw!r}"
            raise DiagnosticError(error("D008", message, element.span))
        return replace(constant(value), span=element.span)

    def actor(self, element: Element, name: str = "entityRef") -> str:
        """An attribute that names an entity; S011 if there is none."""
        actor = element.text(name)
        if actor not in self.actors:
            raise element.unknown("entity", actor, dict.fromkeys(self.actors))
        return actor

    def variable(self, element: Element, name: str) -> str:
        """A parameter or variable that the storyboard reads or changes; S011 if it is not declared."""
        wanted = element.raw_text(name).lstrip("$")
        if wanted not in self.variables:
            raise element.unknown("parameter or variable with numbers", wanted, self.variables)
        return wanted
