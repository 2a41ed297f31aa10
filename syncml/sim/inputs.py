"""Inputs of a run: what the user supplies, checked against the types of the main node's inputs.

Rule: a run needs one value for each input at each tick at which the input's clock is present; values given elsewhere
are not read. A value that does not fit its type exactly (300 for an ``i8``, 0.5 for an ``i32``) is a fault, but a
float is rounded to the width of its stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, EnumType, Scalar, Type, element, integer_range, shape
from syncml.lazy import numpy as np
from syncml.sim.trace import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOO_LARGE = float.fromhex("0x1.ffffffp127")
"""The least number that binary32 rounds to infinity."""

Raw: TypeAlias = "Mapping[str, Sequence[Any] | NDArray[Any]]"
"""For each input one value a tick; None where the input is absent."""


def prepare(node: Node, raw: Raw, ticks: int) -> dict[Var, Column]:
    """The inputs of ``node`` as columns of ``ticks`` ticks.

    Raises:
        DiagnosticError: S001 a name that is no input, S002 an input without (enough) values, S003 a value that does
            not fit its type.
    """
    known = {v.name for v in node.inputs}
    known_text = ", ".join(sorted(known))
    faults = [
        error("S001", f"{node.label} has no input {name!r}", node.span, help=f"its inputs: {known_text}")
        for name in raw
        if name not in known
    ]
    columns: dict[Var, Column] = {}
    for var in node.inputs:
        given = raw.get(var.name)
        if given is None:
            message = f"input {var.name!r} has no values"
            faults.append(error("S002", message, var.span, help="supply one value for each tick"))
        elif len(given) < ticks:
            message = f"input {var.name!r} has {len(given)} values, the run has {ticks} ticks"
            faults.append(error("S002", message, var.span, help="supply more values, or run fewer steps"))
        else:
            try:
                columns[var] = _column(var, given, ticks)
            except _MisfitError as misfit:
                message = f"input {var.name!r}: {misfit}"
                faults.append(error("S003", message, var.span, help=f"its type is {var.type}"))
    if faults:
        raise DiagnosticError(*faults)
    return columns


class _MisfitError(Exception):
    """A value that its type does not hold."""


def _column(var: Var, given: Sequence[Any] | NDArray[Any], ticks: int) -> Column:
    column = Column.empty(var.name, var.type, ticks, unit=var.unit)
    kind, wanted = element(var.type), shape(var.type)
    if isinstance(given, np.ndarray) and given.dtype == dtype(kind) and given.dtype.kind != "O":
        if given.shape[1:] != wanted:
            raise _MisfitError(f"values of shape {given.shape[1:]}, not {wanted}")
        column.values[:] = given[:ticks]
        column.present[:] = True
        return column
    for tick in range(ticks):
        if given[tick] is not None:
            try:
                column.values[tick] = fitted(given[tick], var.type)
            except ValueError as misfit:
                raise _MisfitError(f"at tick {tick} {misfit}") from None
            column.present[tick] = True
    return column


def fitted(value: Any, type_: Type) -> Any:
    """One value of ``type_`` as NumPy holds it.

    Raises:
        ValueError: it has another shape, or does not fit the type; the message says which.
    """
    kind, wanted = element(type_), shape(type_)
    array = np.asarray(value, dtype=np.object_)
    if array.shape != wanted:
        raise ValueError(f"a value of shape {array.shape}, not {wanted}")
    found = np.empty(array.size, dtype=dtype(kind))
    for i, item in enumerate(array.flat):
        found[i] = _fit(item, kind)
    return found.reshape(wanted)[()]


def _fit(item: Any, kind: Any) -> Any:
    misfit = ValueError(f"{item!r} is no {kind}")
    if isinstance(kind, EnumType):
        name = getattr(item, "name", item)
        if isinstance(name, str) and name in kind.constructors:
            return kind.constructors.index(name)
        raise misfit
    if kind is BOOL:
        if isinstance(item, bool) or getattr(item, "dtype", None) == np.bool_:
            return bool(item)
        raise misfit
    try:
        if kind in MACHINE_INTEGERS or kind is Scalar.INT:
            whole = int(item)
            low, high = integer_range(kind) if kind in MACHINE_INTEGERS else (whole, whole)
            if item == whole and not isinstance(item, bool) and low <= whole <= high:
                return whole
        else:
            if kind is Scalar.F32 and _TOO_LARGE <= abs(float(item)) < float("inf"):
                raise misfit
            return float(item) if kind in FLOATS else Fraction(item)
    except (TypeError, ValueError, OverflowError):
        pass
    raise misfit
