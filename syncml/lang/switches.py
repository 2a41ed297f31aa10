"""Blocks chosen by a condition: `switch`; a node that runs at some instants and is held at the others: `activate`.

Rule: ``with s(C):`` of ``s = switch(x)`` is present where x is C; ``with s.otherwise():``, the last block, where x is
none of the members that have a block. ``activate(f, every=c, default=d)(x)`` is ``hold(f(when(x, c)), init=d)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast, overload

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, EnumType
from syncml.lang.kernel import when
from syncml.lang.modes import Block, Modes
from syncml.lang.operations import Carrier, value_of
from syncml.lang.presence import Pending, Sampled
from syncml.lang.records import Record
from syncml.lang.sampling import hold
from syncml.lang.source import Place, here
from syncml.lang.stream import Numbers, Stream
from syncml.lang.trace import Abandoned, ModeScope, Trace, Value, fault, trace_at
from syncml.lang.types import type_text

M = TypeVar("M")
X = TypeVar("X")
P = ParamSpec("P")
R = TypeVar("R")


class Switch(Modes[M]):
    """The blocks of a condition; `switch` makes one."""

    def __init__(self, trace: Trace, place: Place, condition: Value, var: Var) -> None:
        super().__init__(trace, place, var, condition.presence or Pending(), var.name)

    def __call__(self, member: M) -> Block:
        """The block of a value of the condition, to be entered by ``with``."""
        place = here()
        constructor = self.constructor_of(member, place)
        if constructor is None or not self.is_here(place):
            raise Abandoned
        return Block(self, self.block(constructor, place))

    def otherwise(self) -> Block:
        """The block of all values that have none, to be entered by ``with`` after the others."""
        place = here()
        left = [c for c in self.constructors if c not in self.scopes]
        if not left or self.other is not None:
            fault("L021", f"`{self.name}` has a block for each of its values already", place.span,
                  secondary=self.label(), help="remove one of the blocks")  # fmt: skip
            raise Abandoned
        if len(left) == 1:
            return Block(self, self.block(left[0], place))
        type_ = self.condition.type
        assert isinstance(type_, EnumType)
        rest: Var | None = None
        for name in self.scopes:
            differs = self._define(place, Apply(Op.NE, (self.condition, Const(str(name), type_))))
            rest = differs if rest is None else self._define(place, Apply(Op.AND, (rest, differs)))
        if rest is None:
            rest = self._define(place, Apply(Op.EQ, (self.condition, self.condition)))
        presence = Sampled(self.presence, rest, True)
        self.other = ModeScope(self.home, rest, True, presence, f"`{self.name}.otherwise()`", place.span, self.resets)
        return Block(self, self.other)

    def _define(self, place: Place, rhs: Apply) -> Var:
        var = self.trace.named(f"{self.name}_otherwise", BOOL, place.span)
        self.trace.equate(var, rhs, place.span, self.presence)
        return var


def switch(condition: Stream[M]) -> Switch[M]:
    """Blocks of which the one is present that the value of ``condition`` selects.

        gear = switch(selected)
        force = gear.shared(f32, default=0.0)
        with gear(Gear.LOW):
            force.define(2.0 * torque)
        with gear(Gear.HIGH):
            force.define(torque)

    Args:
        condition: A stream of an enumeration or of Booleans.
    """
    place = here()
    trace = trace_at(place, "`switch`")
    value = value_of(condition, place)
    if value.atom is not None and value.type != BOOL and not isinstance(value.type, EnumType):
        value = fault("T006", f"`switch` on {type_text(value.type)}", place.span, secondary=value.label(),
                      help="give a stream of an enumeration or of Booleans")  # fmt: skip
    if value.atom is None:
        raise Abandoned
    if not isinstance(value.atom, Var):
        value = trace.define(Apply(Op.COPY, (value.atom,)), value.type, place, "switch", None)
    assert isinstance(value.atom, Var)
    return Switch(trace, place, value, value.atom)


@overload
def activate(f: Callable[P, None], *, every: Stream[bool], default: None = None) -> Callable[P, None]: ...
@overload
def activate(f: Callable[P, Stream[X]], *, every: Stream[bool], default: X | Numbers) -> Callable[P, Stream[X]]: ...
@overload
def activate(f: Callable[P, R], *, every: Stream[bool], default: Any) -> Callable[P, R]: ...
def activate(f: Callable[..., Any], *, every: Stream[bool], default: Any = None) -> Callable[..., Any]:
    """``f`` run at the instants at which ``every`` is true; its results are held at the others.

    Args:
        f: A node, or a function of streams.
        every: When to run it.
        default: The result before it runs first, a constant; a tuple for several.
    """

    def activated(*args: Any, **kwargs: Any) -> Any:
        def sampled(argument: Any) -> Any:
            found: Any = argument
            return when(found, every) if isinstance(argument, Carrier | Record) else found

        trace = trace_at(here(), "`activate`")
        with trace.parts():
            results = f(*map(sampled, args), **{name: sampled(argument) for name, argument in kwargs.items()})
        if results is None:
            return None
        if default is None:
            fault("I001", "a call that may not run at the first instant has no result then", here().span,
                  help="say what it is until then: activate(..., default=...)")  # fmt: skip
            raise Abandoned
        if isinstance(results, tuple):
            found = cast("tuple[Any, ...]", results)
            firsts = cast("tuple[Any, ...]", default) if isinstance(default, tuple) else (default,)
            if len(firsts) != len(found):
                fault("T007", f"`default` is {len(firsts)} value{'s' * (len(firsts) > 1)} for {len(found)} results",
                      here().span, help="give a tuple of one for each result")  # fmt: skip
                raise Abandoned
            return tuple(hold(result, init=first) for result, first in zip(found, firsts, strict=True))
        return hold(results, init=default)

    return activated
