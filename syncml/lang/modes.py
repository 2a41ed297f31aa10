"""Modes: blocks of which one is active at each instant, and the variables that they share.

Rule: a block of the mode C of a condition m has the clock ``ck on C(m)``; a stream from around it is sampled where it
is used. A shared variable v that is defined by e in the block of C is ``v = merge m .. (C -> e) ..``. Where a block
does not define it, it is its default, or, with a first value i, the previous one:

    last = i fby v;  v = merge m .. (C -> last when C(m)) ..

So at each instant one definition counts, and memory inside of a block stands still while another mode is active.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from syncml.diagnostics.model import Label, Span
from syncml.ir.constants import Const, zero
from syncml.ir.equations.syntax import Fby, Merge, Var
from syncml.ir.types import EnumType
from syncml.lang.operations import atom_of, same_type, sampled_in, shared_presence, value_of
from syncml.lang.presence import Presence, Sampled, Unknown, resolve
from syncml.lang.records import Record, declared, is_record, leafwise
from syncml.lang.source import Place, here
from syncml.lang.stream import Item, Numbers, Stream, stream
from syncml.lang.trace import POISON, Abandoned, ModeScope, Trace, Value, fault, trace_at
from syncml.lang.types import AnnotationFault, Pattern, Tensor, is_member, pattern

M = TypeVar("M")
R = TypeVar("R", bound=Record)
X = TypeVar("X")
V = TypeVar("V", bound=Tensor[Any])

Constructor = bool | str


class Block(AbstractContextManager[None]):
    """A mode while it is described, as ``with`` enters it."""

    def __init__(self, modes: Modes[Any], scope: ModeScope | None, leave: Callable[[], None] = lambda: None) -> None:
        self._modes = modes
        self._scope = scope
        self._leave = leave
        self._stack = ExitStack()

    def __enter__(self) -> None:
        if self._scope is None:
            raise Abandoned
        self._stack.enter_context(self._modes.trace.entered(self._scope, self._scope.resets))

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._stack:
            if kind is None:
                self._leave()
                self._modes.trace.close()


class Modes(Generic[M]):
    """The modes of one condition: what automata and switches have in common."""

    def __init__(self, trace: Trace, place: Place, condition: Var, presence: Presence, name: str) -> None:
        self.trace = trace
        self.place = place
        self.name = name
        self.condition = condition
        self.presence = presence
        self.home = trace.scope
        self.resets = trace.resets
        type_ = condition.type
        self.constructors: tuple[Constructor, ...] = (
            type_.constructors if isinstance(type_, EnumType) else (True, False)
        )
        self.scopes: dict[Constructor, ModeScope] = {}
        self.other: ModeScope | None = None
        self._shared: list[Shared[Any]] = []
        closers = trace.closers if trace.scope is None else trace.scope.closers
        closers.append(self._finish)

    if not TYPE_CHECKING:

        def __enter__(self):
            first = self.text(self.constructors[0]).strip("`").removeprefix(f"{self.name}(").removesuffix(")")
            fault("L021", f"`{self.name}` is entered, and not one of its modes", here().span, secondary=self.label(),
                  help=f"write a block for each mode: with {self.name}({first}):")  # fmt: skip
            raise Abandoned

        def __exit__(self, *_):
            """Never reached."""

    def text(self, constructor: Constructor) -> str:
        """A mode as a message names it."""
        type_ = self.condition.type
        return f"`{type_}.{constructor}`" if isinstance(type_, EnumType) else f"`{self.name}({constructor})`"

    def constructor_of(self, member: object, place: Place) -> Constructor | None:
        """The mode that ``member`` names; None, and a report, if it is none of these."""
        found = member.name if isinstance(member, enum.Enum) else member
        fits = found in self.constructors and isinstance(found, bool | str)
        if isinstance(member, enum.Enum):
            fits = fits and is_member(member, self.condition.type)
        if fits and isinstance(found, bool | str):
            return found
        known = ", ".join(self.text(c) for c in self.constructors)
        text = f"{type(member).__name__}.{member.name}" if isinstance(member, enum.Enum) else repr(member)
        fault("L021", f"`{text}` is no mode of `{self.name}`", place.span, secondary=self.label(),
              help=f"its modes are {known}")  # fmt: skip
        return None

    def label(self) -> tuple[Label, ...]:
        """Where the modes were made."""
        return (Label(self.place.span, f"`{self.name}` is made here"),)

    def block(self, constructor: Constructor, place: Place) -> ModeScope:
        """The scope of a mode that is described now."""
        if constructor in self.scopes:
            fault("L021", f"{self.text(constructor)} is described twice", place.span, "the second time",
                  secondary=[Label(self.scopes[constructor].span, "the first time")],
                  help="put both into one block")  # fmt: skip
        scope = self.scopes[constructor] = self._scope(constructor, place.span)
        return scope

    def scope_of(self, constructor: Constructor) -> ModeScope:
        """The scope of a mode, described or not."""
        if constructor not in self.scopes:
            self.scopes[constructor] = self._scope(constructor, self.place.span)
        return self.scopes[constructor]

    def _scope(self, constructor: Constructor, span: Span) -> ModeScope:
        presence = Sampled(self.presence, self.condition, constructor)
        return ModeScope(self.home, self.condition, constructor, presence, self.text(constructor), span, self.resets)

    def present(self, value: Value, scope: ModeScope | None, what: str, place: Place) -> Value:
        """``value``, which has to be present at each instant of ``scope``; poison, and a report, if it is not."""
        inside = scope is not None and scope is not self.home
        unknown = value.presence is not None and isinstance(resolve(value.presence), Unknown)
        mode = scope.presence if scope is not None and inside else self.presence
        joined = shared_presence([value, Value(self.condition, mode)], place)
        if unknown or not isinstance(joined, Unknown):
            return value
        where = scope.name if scope is not None and inside else f"`{self.name}`"
        return fault("C001", f"{what} is not present at each tick of {where}", place.span, secondary=value.label(),
                     help="hold it, hold(..., init=...), or sample what it is computed from by the mode")  # fmt: skip

    def is_here(self, place: Place) -> bool:
        """Whether the modes are described where they were made; a report if not."""
        if self.trace.scope is self.home:
            return True
        where = "outside of the mode" if self.trace.scope is None else f"in {self.trace.scope.name}"
        fault("L021", f"a mode of `{self.name}` is described {where} that it was made in", place.span,
              secondary=self.label(), help="blocks of one condition stand side by side")  # fmt: skip
        return False

    @overload
    def shared(  # pyright: ignore[reportOverlappingOverload]
        self, type: type[R], *, default: R | None = None, init: R | None = None
    ) -> R: ...
    @overload
    def shared(self, type: type[V], *, default: Stream[V] | Numbers | float | None = None) -> Shared[V]: ...
    @overload
    def shared(self, type: type[V], *, init: Numbers | float) -> Shared[V]: ...
    @overload
    def shared(self, type: type[X], *, default: Stream[X] | X, init: X | None = None) -> Shared[X]: ...
    @overload
    def shared(self, type: type[X], *, init: X) -> Shared[X]: ...
    @overload
    def shared(self, type: type[X]) -> Shared[X]: ...
    @overload
    def shared(self, type: Any, *, default: Any = None, init: Any = None) -> Shared[Any]: ...
    def shared(self, type: Any, *, default: Any = None, init: Any = None) -> Any:
        """A variable that the modes define, present at each instant of the condition.

        Args:
            type: Its type, such as ``f32`` or ``Vec[Literal[3]]``, or a class of records.
            default: Its value in a mode that does not define it.
            init: Its value before the first instant, for `last`; a mode that does not define it then keeps its value.
        """
        place = here()
        if is_record(type):

            def field(found: Pattern, default: Any, init: Any) -> Any:
                return self._share(place, found, default, init)

            return declared(type, field, default, init)
        try:
            found = pattern(type)
        except AnnotationFault as wrong:
            fault("L014", str(wrong), place.span, help=wrong.help)
            return _no_variable(self, place)
        return self._share(place, found, default, init)

    def _share(self, place: Place, found: Pattern, default: Any, init: Any) -> Shared[Any]:
        closed = found.closed
        if closed is None:
            fault("L014", f"{found} is not a type of one stream", place.span, help="share each of its streams")
            return _no_variable(self, place)
        with self.trace.entered(self.home, self.resets):
            var = self.trace.variable(closed, place, "shared", found.unit)
            value = self.trace.own(Value(var, self.presence, self.trace))
        made: Shared[Any] = Shared(self, var, value, place, default, init)
        self._shared.append(made)
        return made

    def _finish(self) -> None:
        self.close()
        for shared in self._shared:
            shared.close()

    def close(self) -> None:
        """What the modes still have to say when all of them are described."""


class Shared(Stream[Item]):
    """A variable that has a definition in each mode, made by ``shared`` of an automaton or a switch."""

    __slots__ = ("_default", "_definitions", "_init", "_last", "_modes", "_place", "_var")

    def __init__(
        self, modes: Modes[Any], var: Var | None, value: Value, place: Place, default: Any = None, init: Any = None
    ) -> None:
        super().__init__(value)
        self._modes = modes
        self._var = var
        self._place = place
        self._default = default
        self._init = init
        self._definitions: dict[Constructor | None, tuple[Value, Span]] = {}
        self._last: Value | None = None

    if TYPE_CHECKING:

        def define(self, value: Stream[Item] | Item) -> None:
            """Say what the variable is in the mode that is being described; once."""
    else:

        def define(self, value):
            """Say what the variable is in the mode that is being described; once."""
            self._define(value, here())

    def _define(self, given: object, place: Place) -> None:
        modes, var = self._modes, self._var
        if var is None:
            return
        scope = modes.trace.scope
        if scope is None or (modes.scopes.get(scope.constructor) is not scope and scope is not modes.other):
            where = "outside of the modes" if scope is None else f"in {scope.name}, which is no mode"
            fault("L021", f"`{var.name}` is defined {where} of `{modes.name}`", place.span,
                  secondary=[Label(var.span, f"modes of `{modes.name}` share it")],
                  help=f"define it in a block of `{modes.name}`")  # fmt: skip
            return
        key = None if scope is modes.other else scope.constructor
        if key in self._definitions:
            fault("L006", f"`{var.name}` is defined twice in {scope.name}", place.span, "the second time",
                  secondary=[Label(self._definitions[key][1], "the first time")],
                  help="choose between the two values with where(condition, a, b)")  # fmt: skip
            return
        value = self._typed(value_of(given, place), place)
        if value.atom is not None:
            value = modes.present(value, scope, f"the value of `{var.name}`", place)
        self._definitions[key] = (value, place.span)
        if isinstance(value.atom, Var):
            # What the mode reads of the variable is its own definition.
            scope.sampled[var] = value

    def _typed(self, value: Value, place: Place) -> Value:
        assert self._var is not None
        paired = same_type([Value(self._var), value], place, "a shared variable and its value")
        return POISON if paired is None else paired[0][1]

    def last(self) -> Value:
        """The previous value, at each instant of the condition."""
        modes, var = self._modes, self._var
        if var is None:
            return POISON
        if self._last is None:
            first: Const | None = None
            if self._init is not None:
                atom = self._typed(value_of(self._init, self._place), self._place).atom
                if isinstance(atom, Var):
                    fault("I001", f"the first value of `{var.name}` is a constant", self._place.span,
                          help="give a number, an array or a member of an enumeration")  # fmt: skip
                first = atom if isinstance(atom, Const) else None
            with modes.trace.entered(modes.home, modes.resets):
                target = modes.trace.named(f"{var.name}_last", var.type, var.span)
                self._last = modes.trace.equate(target, Fby(first, var), var.span, modes.presence)
        return self._last

    def _everywhere(self, value: Value) -> Value:
        """The value of the block of all other modes at each instant; zero where it is absent, which nobody reads."""
        modes, other = self._modes, self._modes.other
        if other is None or not isinstance(value.atom, Var):
            return value
        with modes.trace.entered(modes.home, modes.resets):
            var = modes.trace.named(f"{value.atom.name}_otherwise", value.type, value.atom.span)
            rhs = Merge(other.condition, ((True, value.atom), (False, zero(value.type))))
            return modes.trace.equate(var, rhs, var.span, modes.presence)

    def close(self) -> None:
        """Give the equation."""
        modes, var, trace = self._modes, self._var, self._modes.trace
        assert var is not None
        missing = [c for c in modes.constructors if c not in self._definitions]
        rest: Value | None = None
        if missing and None in self._definitions:
            rest = self._everywhere(self._definitions[None][0])
        elif missing and self._default is not None:
            rest = self._typed(value_of(self._default, self._place), self._place)
        elif missing and self._init is not None:
            rest = self.last()
        elif missing:
            names = ", ".join(modes.text(c) for c in missing)
            fault("L022", f"`{var.name}` has no value in {names}", var.span, "modes share it",
                  secondary=[Label(modes.scopes[c].span, f"{modes.text(c)} does not define it")
                             for c in missing if c in modes.scopes][:3],
                  help="define it in each mode, or give a default=..., or a first value init=... to keep")  # fmt: skip
            return
        branches: list[tuple[Constructor, Any]] = []
        for constructor in modes.constructors:
            value = self._definitions[constructor][0] if constructor in self._definitions else rest
            if value is not None and constructor not in self._definitions and isinstance(value.atom, Var):
                value = sampled_in(value, trace, modes.scope_of(constructor), self._place)
            if value is None or value.atom is None:
                return
            branches.append((constructor, atom_of(value)))
        trace.equate(var, Merge(modes.condition, tuple(branches)), var.span, modes.presence)


def _no_variable(modes: Modes[Any], place: Place) -> Shared[Any]:
    """What stands for a shared variable after a fault."""
    return Shared(modes, None, POISON, place)


@overload
def last(x: R, init: R | None = None) -> R: ...
@overload
def last(x: Stream[V], init: Numbers | float | None = None) -> Stream[V]: ...
@overload
def last(x: Stream[X], init: X | None = None) -> Stream[X]: ...
def last(x: Any, init: Any = None) -> Any:
    """The previous value of ``x`` where ``x`` was made, whichever mode was active then.

    Inside of a mode, ``pre(x)`` is the value at the previous instant of that mode.

    Args:
        x: A shared variable, or a stream from around the mode; or a record of such.
        init: The value at first; a shared variable has its own.
    """
    if isinstance(x, Record):
        return leafwise(last, x) if init is None else leafwise(last, x, init)
    place = here()
    trace = trace_at(place, "`last`")
    if isinstance(x, Shared):
        if init is not None:
            fault("L021", "the first value of a shared variable is given where it is made", place.span,
                  help="write shared(..., init=...)")  # fmt: skip
        return stream(value_of(stream(x.last()), place))
    if not isinstance(x, Stream):
        return stream(fault("T006", "`last` is of a stream", place.span, help="give a stream"))
    value = x.ir
    if not isinstance(value.atom, Var) or value.trace is not trace:
        return stream(value_of(stream(value), place))
    home = trace.homes.get(value.atom)
    if init is None:
        message = f"`last` of {value.text} has no value at the first instant"
        help_ = "say what it is then: last(x, init)"
        return stream(fault("I001", message, place.span, secondary=value.label(), help=help_))
    paired = same_type([value, value_of(init, place)], place, "a stream and its first value")
    if paired is None:
        return stream(POISON)
    (_, first), type_ = paired
    if not isinstance(first.atom, Const):
        return stream(fault("I001", "the first value of `last` is a constant", place.span, help="give a number"))
    resets = trace.resets if home is trace.scope else () if home is None else home.resets
    with trace.entered(home, resets):
        target = trace.named(f"{value.atom.name}_last", type_, place.span)
        made = trace.equate(target, Fby(first.atom, value.atom), place.span, value.presence)
    return stream(value_of(stream(made), place))
