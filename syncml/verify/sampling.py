"""Random inputs that look for trouble: the borders of types, the numbers of the program and those beside them.

Rule: an input whose bounds an assumption states as a comparison with a number is drawn within them. Whether a run meets
the other assumptions is seen when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.ir.constants import Array, Const, dtype
from syncml.ir.equations.syntax import Apply, Atom, Node, PropertyKind, Rhs, Var, atoms
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, Element, EnumType, Scalar, element, integer_range, shape

LARGEST = 2**40
"""Bound of inputs that are mathematical integers; machine code has 64 bits for them."""

_MIRRORED = {Op.LE: Op.GE, Op.LT: Op.GT, Op.GE: Op.LE, Op.GT: Op.LT}

Values = NDArray[Any]


def sample(node: Node, ticks: int, generator: np.random.Generator) -> dict[str, Values]:
    """Inputs of a flat clocked node: for each an array whose first axis is the tick, enumerations by number."""
    known, ranges = _numbers(node), assumed_ranges(node)
    return {v.name: _stream(v, ticks, known, ranges.get(v.name), generator) for v in node.inputs}


def assumed_ranges(node: Node) -> dict[str, tuple[float, float]]:
    """The bounds of inputs that assumptions state directly, of the input itself or of its absolute value."""
    definitions: Mapping[Var, Rhs] = {t: e.rhs for e in node.equations for t in e.targets}
    found: dict[str, tuple[float, float]] = {}
    pending: list[Atom] = [p.holds for p in node.properties if p.kind is PropertyKind.ASSUME]
    while pending:
        atom = pending.pop()
        match definitions.get(atom) if isinstance(atom, Var) else None:
            case Apply(Op.AND | Op.COPY, operands):
                pending += operands
            case Apply(op, (Const() as number, Var() as var)) if op in _MIRRORED:
                _bound(found, definitions.get(var), var, _MIRRORED[op], number)
            case Apply(op, (Var() as var, Const() as number)) if op in _MIRRORED:
                _bound(found, definitions.get(var), var, op, number)
            case _:
                pass
    return found


def _bound(found: dict[str, tuple[float, float]], rhs: Rhs | None, var: Var, op: Op, number: Const) -> None:
    if isinstance(number.value, str | Array):
        return
    value, above = float(number.machine()), op in (Op.LE, Op.LT)
    match rhs:
        case Apply(Op.ABS, (Var() as inner,)) if above:
            low, high = found.get(inner.name, (-np.inf, np.inf))
            found[inner.name] = (max(low, -value), min(high, value))
        case _:
            low, high = found.get(var.name, (-np.inf, np.inf))
            found[var.name] = (low, min(high, value)) if above else (max(low, value), high)


def _numbers(node: Node) -> dict[Element, Values]:
    """The numbers that occur in a program, by type, with their neighbours."""
    found: dict[Element, set[Any]] = {}
    for equation in node.equations:
        for atom in atoms(equation.rhs):
            if isinstance(atom, Const) and not isinstance(atom.value, str | Array):
                found.setdefault(atom.element, set()).add(atom.machine())
    known: dict[Element, Values] = {}
    for kind, values in found.items():
        if kind in FLOATS:
            each = np.array(sorted(float(v) for v in values), dtype=dtype(kind))
            with np.errstate(over="ignore"):
                up, down = np.nextafter(each, np.inf, dtype=each.dtype), np.nextafter(each, -np.inf, dtype=each.dtype)
            near_floats = np.concatenate([each, up, down, -each, each / 2])
            # Behind the largest number there is none, and inputs are numbers.
            known[kind] = near_floats[np.isfinite(near_floats)]
        elif kind in MACHINE_INTEGERS or kind is Scalar.INT:
            low, high = _integers(kind)
            near = sorted({n for v in values for n in (int(v) - 1, int(v), int(v) + 1) if low <= n <= high})
            known[kind] = np.array(near, dtype=_machine(kind))
    return known


def _integers(kind: Element) -> tuple[int, int]:
    return integer_range(kind) if isinstance(kind, Scalar) and kind in MACHINE_INTEGERS else (-LARGEST, LARGEST)


def _machine(kind: Element) -> np.dtype[Any]:
    return np.dtype({Scalar.INT: np.int64, Scalar.REAL: np.float64}.get(kind, dtype(kind)))  # type: ignore[call-overload]


def _stream(
    var: Var,
    ticks: int,
    known: Mapping[Element, Values],
    bounds: tuple[float, float] | None,
    generator: np.random.Generator,
) -> Values:
    kind, extents = element(var.type), shape(var.type)
    values = _values(kind, ticks * int(np.prod(extents, dtype=np.int64)), known.get(kind), generator)
    if bounds is not None:
        values = _into(values, *bounds, generator)
    values = values.reshape(ticks, *extents)
    # Now and then a value stays for a while, so that counters get somewhere.
    if generator.random() < 0.4:
        kept = generator.random(ticks) < generator.choice([0.5, 0.9, 0.99])
        kept[0] = False
        values = values[np.maximum.accumulate(np.where(kept, 0, np.arange(ticks)))]
    return values


def _values(kind: Element, count: int, known: Values | None, generator: np.random.Generator) -> Values:
    type_ = _machine(kind)
    if isinstance(kind, EnumType):
        return generator.integers(len(kind.constructors), size=count).astype(type_)
    if kind is BOOL:
        return generator.random(count) < generator.choice([0.5, 0.5, 0.05, 0.95])
    if type_.kind == "f":
        spread = generator.choice([0.01, 1.0, 10.0, 1000.0])
        values = generator.uniform(-spread, spread, count).astype(type_)
        special = np.array([0.0, 1.0, -1.0, 0.1, 0.5], dtype=type_)
    else:
        low, high = _integers(kind)
        near = int(generator.choice([2, 20, 200, high]))
        values = generator.integers(max(low, -near), min(high, near), count, dtype=type_, endpoint=True)
        special = np.array([low, low + 1, high, high - 1, 0, 1], dtype=type_)
    choices = special if known is None or not len(known) else np.concatenate([special, known.astype(type_)])
    chosen = generator.random(count) < generator.choice([0.0, 0.3, 1.0])
    return np.where(chosen, generator.choice(choices, count), values)


def _into(values: Values, low: float, high: float, generator: np.random.Generator) -> Values:
    """Values out of a range become others in it, among them its ends."""
    kind = values.dtype
    info = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    least, greatest = max(low, float(info.min)), min(high, float(info.max))
    if least > greatest:
        return values
    drawn = generator.uniform(least / 2, greatest / 2, len(values)) * 2
    ends = generator.choice(np.array([least, greatest]), len(values))
    drawn = np.where(generator.random(len(values)) < 0.3, ends, drawn)
    inside = (values >= low) & (values <= high)
    rounded = drawn.astype(kind) if kind.kind == "f" else np.clip(np.floor(drawn), least, greatest).astype(kind)
    return np.where(inside, values, rounded)
