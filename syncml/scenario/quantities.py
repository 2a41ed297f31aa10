"""Numbers with units in scenario files: ``12``, ``50 km/h``, ``${gap + 2} m``.

    quantity ::= number unit? | "${" expression "}" unit?

Rule: a quantity counts in units of the SI. Without a unit it is in them already; with one, the unit has to measure what
the field asks for, and its factor is exact until it is rounded to binary64.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from syncml.diagnostics.model import DiagnosticError, Span
from syncml.ir.units import BASES, UnitFault, unit_of
from syncml.scenario.expressions import Expression, constant, parse

Quantity: TypeAlias = float | str

_FORM = re.compile(r"\s*(?P<value>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\$\{[^}]*\})\s*(?P<unit>\S.*)?\Z")


def factor(unit: str, measures: str) -> float:
    """What a number in ``unit`` is multiplied by to be in ``measures``, a unit of the SI.

    Raises:
        ValueError: ``unit`` is none, or measures something else.
    """
    try:
        given, wanted = unit_of(unit), unit_of(measures)
    except UnitFault as fault:
        raise ValueError(f"{fault}; {fault.help}") from None
    if not given.converts_to(wanted) or given.zero:
        raise ValueError(f"`{unit}` does not measure what `{measures}` does")
    return float(given.scale / wanted.scale)


def read(value: Quantity, measures: str, span: Span | None = None) -> Expression:
    """The expression that a quantity stands for, in ``measures``.

    Raises:
        ValueError: it is no quantity, not finite, or has another unit.
        DiagnosticError: S007, its expression is none.
    """
    if isinstance(value, str):
        found = _FORM.match(value)
        if found is None:
            raise ValueError(f"`{value}` is no number with a unit such as `50 km/h`, and no `${{expression}}`")
        scale = factor(found["unit"], measures) if found["unit"] else 1.0
        if found["value"].startswith("$"):
            return parse(found["value"], span, scale)
        value = float(found["value"]) * scale
    if not math.isfinite(value):
        raise ValueError(f"{value} is no finite number")
    return constant(value)


def in_unit(value: Quantity, unit: str) -> Expression:
    """The expression that a quantity stands for, in ``unit``; in units of the SI if that is empty.

    Raises:
        ValueError: it is no quantity, or has another unit.
        DiagnosticError: S007, its expression is none.
    """
    if not unit and isinstance(value, str):
        found = _FORM.match(value)
        written = found["unit"] if found else None
        return read(value, si(written) if written else "1")
    return read(value, unit or "1")


def si(unit: str) -> str:
    """The unit of the SI that measures what ``unit`` does.

    Raises:
        ValueError: ``unit`` is none.
    """
    try:
        exponents = unit_of(unit).exponents
    except UnitFault as fault:
        raise ValueError(f"{fault}; {fault.help}") from None
    powers = [(base, f"({e})" if e.denominator > 1 else str(e)) for base, e in zip(BASES, exponents, strict=True) if e]
    return "*".join(f"{base}**{power}" for base, power in powers) or "1"


def _checked(measures: str) -> AfterValidator:
    def check(value: Quantity) -> Quantity:
        # A fault of an expression is told with its line when the scenario is lowered.
        with suppress(DiagnosticError):
            read(value, measures)
        return value

    return AfterValidator(check)


Metres = Annotated[Quantity, _checked("m")]
Seconds = Annotated[Quantity, _checked("s")]
Speed = Annotated[Quantity, _checked("m/s")]
Acceleration = Annotated[Quantity, _checked("m/s**2")]
Angle = Annotated[Quantity, _checked("rad")]
Curvature = Annotated[Quantity, _checked("1/m")]
Plain = Annotated[Quantity, _checked("1")]
