"""Streams of integers in equations: their variables and constants, what goes in and out of nodes, and their places.

Rule: the stream of integers that stands for ``x : f32[4]`` is ``x : i8[4]`` (or ``i16[4]``), without a unit, since its
numbers are steps and no physical quantity. Equations that are traced in the place of one equation have its place in the
source, and names that begin with the name of what it computed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.constants import Array, Const
from syncml.ir.equations.rewrite import rewritten
from syncml.ir.equations.syntax import Var
from syncml.ir.types import Scalar, shape, tensor
from syncml.lang.trace import Trace
from syncml.nodes.quantised import Affine


@dataclass(frozen=True, slots=True)
class Ports:
    """Some of the inputs and outputs of a node, by their places."""

    inputs: frozenset[int] = frozenset()
    outputs: frozenset[int] = frozenset()


NO_PORTS = Ports()


@dataclass(frozen=True, slots=True)
class Signature:
    """What the inputs and outputs of a node stand for; None for what is no integer of a quantisation."""

    inputs: tuple[Affine | None, ...]
    outputs: tuple[Affine | None, ...]

    @property
    def has_integers(self) -> bool:
        """Whether any of them is."""
        return any(a is not None for a in (*self.inputs, *self.outputs))


def scalar_of(affine: Affine) -> Scalar:
    """The type of the integers."""
    return Scalar.I8 if affine.bits == 8 else Scalar.I16


def integers_for(var: Var, affine: Affine, name: str = "") -> Var:
    """The variable of the integers that stand for ``var``."""
    return Var(name or var.name, tensor(scalar_of(affine), shape(var.type)), var.span, var.user)


def constant_for(value: Const, affine: Affine) -> Const:
    """The integers nearest to a constant of real numbers."""
    return integer_constant(np.asarray(value.machine(), dtype=np.float64), affine, shape(value.type), value.name)


def integer_constant(numbers: object, affine: Affine, extents: tuple[int, ...], name: str = "") -> Const:
    """The integers nearest to real numbers, broadcast to ``extents``."""
    kind = scalar_of(affine)
    integers = np.broadcast_to(affine.quantised(numbers), extents)
    return Const(Array.of(np.array(integers), kind) if extents else int(integers), kind, name)


def seen_name(var: Var) -> str:
    """The name under which an input or output of a network is observed, which stays when the network is inlined."""
    return f"{var.name}.seen"


def placed(trace: Trace, start: int, var: Var, *, final: bool) -> dict[Var, Var]:
    """Give the equations from ``start`` on the place of ``var``, and names that begin with its one.

    With ``final`` the last of them is called as ``var`` is. Returns the new variables by the old ones.
    """
    made = trace.equations[start:]
    if not made:
        return {}
    new: dict[Var, Var] = {}
    for equation in made:
        for target in equation.targets:
            is_last = final and equation is made[-1]
            name = var.name if is_last else f"{var.name}_{target.name.rpartition('.')[2]}"
            if target is not var:
                shown = var.user and is_last
                new[target] = replace(target, name=trace.names.fresh(name), span=var.span, user=shown)
    trace.equations[start:] = [
        replace(
            e,
            targets=tuple(new.get(t, t) for t in e.targets),
            rhs=rewritten(e.rhs, lambda a: new.get(a, a) if isinstance(a, Var) else a, lambda v: new.get(v, v)),
            span=var.span,
        )
        for e in made
    ]
    return new
