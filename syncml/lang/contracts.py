"""Contracts: what a node may assume and what it promises.

Rule: a clause names a Boolean stream that is true whenever it is present. One without a name is called by its
source.
"""

from __future__ import annotations

import ast

from syncml.ir.equations.syntax import GOALS, Apply, Property, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, shape
from syncml.lang.operations import atom_of, value_of
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Stream
from syncml.lang.temporal import Claim
from syncml.lang.trace import Trace, fault, trace_at
from syncml.lang.types import type_text


def assume(holds: Stream[bool] | bool | Claim, name: str = "", req: str = "") -> None:
    """State a fact about the environment: trusted in proofs, checked in simulation."""
    _clause(PropertyKind.ASSUME, holds, name, req)


def require(holds: Stream[bool] | bool | Claim, name: str = "", req: str = "") -> None:
    """State a duty of the caller: assumed inside of the node, proved at each call."""
    _clause(PropertyKind.REQUIRE, holds, name, req)


def ensure(holds: Stream[bool] | bool | Claim, name: str = "", req: str = "") -> None:
    """State a promise of the node, which is proved."""
    _clause(PropertyKind.ENSURE, holds, name, req)


def invariant(holds: Stream[bool] | bool | Claim, name: str = "", req: str = "") -> None:
    """State a lemma: proved, and used in the proofs of the other clauses."""
    _clause(PropertyKind.INVARIANT, holds, name, req)


def cover(holds: Stream[bool] | bool, name: str = "", req: str = "") -> None:
    """State a goal: a run in which ``holds`` is true at some instant is sought, and shown."""
    _clause(PropertyKind.COVER, holds, name, req)


def _clause(kind: PropertyKind, holds: object, name: str, req: str) -> None:
    place = here()
    state_clause(trace_at(place, f"`{kind.value}`"), place, kind, holds, name or source_of(place), req)


def state_clause(trace: Trace, place: Place, kind: PropertyKind, holds: object, name: str, req: str) -> None:
    """Add a clause to the contract of a node; of a goal, what is to be reached."""
    if isinstance(holds, Claim) and kind not in GOALS:
        value = holds.after(inner(place), True)
    else:
        value = value_of(holds, place)
    if value.atom is None:
        return
    if value.type != BOOL:
        help_ = "write x.all() for all elements" if shape(value.type) else "compare it with something"
        fault("V001", f"`{kind.value}` of a stream of {type_text(value.type)}, not bool", place.span,
              secondary=value.label(), help=help_)  # fmt: skip
        return
    if kind in GOALS:
        # What is recorded of a goal is that it is not reached.
        value = trace.define(Apply(Op.NOT, (value.atom,)), BOOL, inner(place), "missed", value.presence)
    elif not isinstance(value.atom, Var):
        value = trace.define(Apply(Op.COPY, (value.atom,)), BOOL, inner(place), kind.value, None)
    atom = atom_of(value)
    assert isinstance(atom, Var)
    unique = trace.clause_names.fresh(name or kind.value)
    trace.properties.append(Property(kind, unique, atom, place.span, req))


def source_of(place: Place, keyword: str = "") -> str:
    """The text of the first argument of a call, or of the argument with a name."""
    match place.node:
        case ast.Call(args=[first, *_]) if place.tree is not None and not keyword:
            return place.tree.text(first)
        case ast.Call(keywords=named) if place.tree is not None:
            return next((place.tree.text(each.value) for each in named if each.arg == keyword), "")
        case _:
            return ""
