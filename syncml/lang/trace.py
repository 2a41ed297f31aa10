"""Tracing: a Python function runs once on symbolic streams, and each operation adds an equation.

Rule: a `Trace` collects the equations of one node; the node under construction is the one of the current context. A
`Session` collects the nodes of one program, callees first, and every fault. An operation that is at fault is reported
and yields a *poisoned* stream, which silently poisons what is computed from it, so that one run finds many faults.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field, replace
from fractions import Fraction
from types import CodeType
from typing import TYPE_CHECKING, Any

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Collector, Diagnostic, DiagnosticError, Label, Span, error
from syncml.ir.clocks import Word
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Buffer, Call, Equation, Fby, Node, Parameter, Property, Rhs, Var, Wave
from syncml.ir.types import BOOL, EnumType, Type
from syncml.lang import source
from syncml.lang.literals import Literal
from syncml.lang.presence import ON_BASE, Pending, Presence, Sampled, resolve
from syncml.lang.source import Place
from syncml.lang.types import type_text

if TYPE_CHECKING:
    from syncml.lang.node import Node as SourceNode
    from syncml.lang.segments import Scope


class Abandoned(Exception):
    """The rest of a function cannot be traced; what was wrong has been reported."""


class Unplaced(Exception):
    """A node looks ahead in a segment of its caller, and nobody calls it in one.

    It is no fault of a node that another node calls; ``diagnostics`` are those of a node that none does.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__()
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """What a stream is to the compiler.

    ``atom`` is None for a poisoned stream. ``literal`` is set while the type of a constant is still open. ``negates``
    is the value that this one is the negation of, and ``word`` the word that it reads, for `when` and `merge`.
    """

    atom: Var | Const | None
    presence: Presence | None = None
    trace: Trace | None = None
    literal: Literal | None = None
    negates: Value | None = None
    word: Word | None = None

    @property
    def type(self) -> Type:
        """The type of a stream that is not poisoned."""
        assert self.atom is not None
        return self.atom.type

    @property
    def text(self) -> str:
        """The stream as a message names it."""
        match self.atom:
            case Var(user=True):
                return f"`{self.atom.name}`"
            case Const(name=name) if name:
                return f"`{name}`"
            case Const(element=EnumType() as enumeration, value=str(member)):
                return f"`{enumeration}.{member}`"
            case Const(value=bool() | int() | float() as number):
                return f"`{number}`"
            case Var() if text := source.text_at(self.atom.span):
                return f"`{text}`"
            case _:
                return str(self.literal) if self.literal is not None else "this stream"

    def label(self) -> tuple[Label, ...]:
        """Where a named stream was made and of which type, for the secondary labels of a message."""
        if not isinstance(self.atom, Var) or not self.atom.user:
            return ()
        return (Label(self.atom.span, f"`{self.atom.name}` is {type_text(self.atom.type)}"),)


POISON = Value(None)


@dataclass(frozen=True, slots=True)
class Declared:
    """A derivative that a node declares, and the Python values that the node was made for."""

    rule: SourceNode[..., Any]
    statics: Mapping[str, object]


@dataclass(slots=True)
class Session:
    """One program under construction; ``settings`` are the values of parameters, ``made`` the nodes by key.

    ``derived`` are the names of nodes of which a derivative is called, as good as a call of theirs; ``tangents`` the
    derivatives that nodes declare, by the name of the node.
    """

    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    collector: Collector = field(default_factory=Collector)
    nodes: list[Node] = field(default_factory=list[Node])
    made: dict[object, object] = field(default_factory=dict[object, object])
    active: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])
    derived: set[str] = field(default_factory=set[str])
    tangents: dict[str, Declared] = field(default_factory=dict[str, "Declared"])
    seed: int = 0
    """What the first values of parameters are drawn from."""
    names: Names = field(default_factory=lambda: Names())
    parameters: dict[str, object] = field(default_factory=dict[str, object])
    # Objects whose identity is part of a key must live as long as the keys.
    kept: list[object] = field(default_factory=list[object])


@dataclass(slots=True)
class Names:
    """Unique names: ``x``, ``x_2``, ``x_3``."""

    _used: set[str] = field(default_factory=set[str])
    _last: dict[str, int] = field(default_factory=dict[str, int])

    def fresh(self, base: str) -> str:
        """A name that was not given out before, ``base`` itself if possible."""
        name, count = base, self._last.get(base, 1)
        while name in self._used:
            count += 1
            name = f"{base}_{count}"
        self._last[base] = count
        self._used.add(name)
        return name

    def release(self, name: str, base: str) -> None:
        """Take back a ``name`` that was given out for ``base``."""
        self._used.discard(name)
        self._last.pop(base, None)


@dataclass(slots=True, eq=False)
class ModeScope:
    """A mode under construction: what is made in it is present where ``condition`` is ``constructor``.

    Attributes:
        parent: The mode around it; None for the node itself.
        name: The mode, as a message names it.
        resets: What puts its memory back.
        sampled: Streams of the modes around, as they are in this one.
        made: What was made directly in it.
        closers: What is left to be done at its end.
    """

    parent: ModeScope | None
    condition: Var
    constructor: bool | str
    presence: Presence
    name: str
    span: Span
    resets: tuple[Var, ...] = ()
    sampled: dict[Var, Value] = field(default_factory=dict[Var, Value])
    made: list[Value] = field(default_factory=list[Value])
    closers: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])


@dataclass(slots=True, eq=False)
class Trace:
    """One node under construction.

    ``path`` is the field of a record that is being computed, such as ``.gap``; ``resets`` put back the memory that is
    being made. ``in_parts`` is set while the parts of one operation are made, which do not take its name. ``scope`` is
    the mode that is being described, and ``homes`` says in which mode a stream was made; ``within`` are the streams
    that are on the clock of their mode though nothing that they read says so, ``beside`` those on that of another.
    ``captured`` are the streams of ``outer`` that are read here, each with the input that stands for it. ``caller`` is
    the node whose call makes this one, and ``borrowed`` its segment, if this node looks ahead in it; ``unplaced`` says
    where it does without there being any.
    """

    session: Session
    label: str
    code: CodeType
    rate: Fraction | None
    span: Span
    outer: Trace | None = None
    caller: Trace | None = None
    borrowed: Scope | None = None
    unplaced: list[Diagnostic] = field(default_factory=list[Diagnostic])
    captured: dict[Value, Var] = field(default_factory=dict["Value", Var])
    names: Names = field(default_factory=Names)
    clause_names: Names = field(default_factory=Names)
    path: str = ""
    resets: tuple[Var, ...] = ()
    in_parts: bool = False
    scope: ModeScope | None = None
    homes: dict[Var, ModeScope] = field(default_factory=dict[Var, ModeScope])
    within: dict[Var, tuple[Var, bool | str]] = field(default_factory=dict[Var, tuple[Var, bool | str]])
    beside: dict[Var, Var] = field(default_factory=dict[Var, Var])
    closers: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    inputs: set[Var] = field(default_factory=set[Var])
    equations: list[Equation] = field(default_factory=list[Equation])
    properties: list[Property] = field(default_factory=list[Property])
    segments: list[Scope] = field(default_factory=list["Scope"])
    """The segments around, outermost first."""
    ended_by: dict[Var, Scope] = field(default_factory=dict[Var, "Scope"])
    parameters: list[Parameter] = field(default_factory=list[Parameter])
    learns: bool = False
    """Whether it, or a node that it calls, has parameters: then it is made for each instance."""
    _instance: str = ""
    _part_names: Names = field(default_factory=Names)
    unfinished: dict[object, Callable[[], Diagnostic]] = field(default_factory=dict[object, Callable[[], Diagnostic]])
    _waves: dict[tuple[object, ...], Value] = field(default_factory=dict[tuple[object, ...], Value])

    def variable(self, type_: Type, place: Place, role: str, unit: str = "") -> Var:
        """A new variable, named after what the value at ``place`` is assigned to, else after its ``role``."""
        name, user = self.name_at(place, role)
        return self.named(name + self.path, type_, place.span, unit, user=user)

    def named(self, name: str, type_: Type, span: Span, unit: str = "", *, user: bool = False) -> Var:
        """A new variable of the present mode with a name like ``name``."""
        var = Var(self.names.fresh(name), type_, span, user, unit)
        if self.scope is not None:
            self.homes[var] = self.scope
        return var

    def own(self, value: Value) -> Value:
        """Note that ``value`` was made in the present mode."""
        if self.scope is not None:
            self.scope.made.append(value)
        return value

    @contextmanager
    def entered(self, scope: ModeScope | None, resets: tuple[Var, ...]) -> Generator[None]:
        """Be in ``scope`` meanwhile."""
        outer, self.scope = self.scope, scope
        try:
            with self.resetting(resets):
                yield
        finally:
            self.scope = outer

    @contextmanager
    def parts(self) -> Generator[None]:
        """Make parts of one operation meanwhile: none of them takes its name."""
        outer, self.in_parts = self.in_parts, True
        try:
            yield
        finally:
            self.in_parts = outer

    def close(self) -> None:
        """Do what is left to be done at the end of the present mode, or of the node."""
        closers = self.closers if self.scope is None else self.scope.closers
        while closers:
            closers.pop(0)()
        for value in self.scope.made if self.scope is not None else ():
            found = None if value.presence is None else resolve(value.presence)
            if isinstance(found, Pending) and isinstance(value.atom, Var) and self.scope is not None:
                found.known = self.scope.presence
                self.within[value.atom] = (self.scope.condition, self.scope.constructor)

    def name_at(self, place: Place, role: str) -> tuple[str, bool]:
        """The name for the value at ``place``, and whether it is one that the user gave in the node itself.

        A name inside of a helper function names the value too, but the node's reader does not know it.
        """
        if self.in_parts:
            place = replace(place, names=(), base=place.base or (place.names[0] if place.names else ""))
        if len(place.names) == 1 and place.names[0]:
            return place.names[0], not place.derived and place.code is self.code
        if place.returned and place.code is not self.code:
            # The value of a helper function is the value of its call.
            outer = source.outer_place(place)
            if outer is not None:
                return self.name_at(outer, role)
        base = place.base or (place.names[0] if place.names else "")
        return (f"{base}_{role}" if base else role), False

    def parameter_name(self, base: str) -> str:
        """The name of a parameter called ``base``: unique in the program, after the instances that it is in."""
        self.learns = True
        path = self._path_of_instance()
        return path + self._part_names.fresh(base)

    def _path_of_instance(self) -> str:
        """``outer.inner.``: the labels of the nodes around, from the main node's parts on."""
        if self.caller is not None and not self._instance:
            self._instance = self.caller.parameter_name(self.label) + "."
        return self._instance

    def define(self, rhs: Rhs, type_: Type, place: Place, role: str, presence: Presence | None) -> Value:
        """Add the equation of a new variable."""
        target = self.variable(type_, place, role)
        return self.equate(target, rhs, place.span, presence)

    def equate(self, target: Var, rhs: Rhs, span: Span, presence: Presence | None) -> Value:
        """Add the equation of ``target``."""
        if isinstance(rhs, Fby | Wave | Call | Buffer):
            rhs = replace(rhs, resets=self.resets)
        self.equations.append(Equation((target,), rhs, span))
        return self.own(Value(target, presence or Pending(), self))

    def letters(self, target: Var, word: Word, span: Span) -> Value:
        """The Boolean stream ``target`` that reads ``word``; one that is reset is not periodic."""
        value = self.equate(target, Wave(word), span, Pending())
        return value if self.resets else replace(value, word=word)

    def wave(self, parent: Presence, word: Word, place: Place) -> Value:
        """The Boolean stream on ``parent`` that reads ``word``; one for each clock and its resets."""
        key = (_path(parent), word, self.resets)
        if key not in self._waves:
            target = self.named("tick", BOOL, place.span)
            self._waves[key] = replace(self.letters(target, word, place.span), presence=parent)
        return self._waves[key]

    def capture(self, value: Value) -> Value | None:
        """A stream of a node around this one as a stream of this one; None if it is of no such node."""
        if self.outer is None:
            return None
        outer = value if value.trace is self.outer else self.outer.capture(value)
        if outer is None or not isinstance(outer.atom, Var):
            return None
        key = next((known for known in self.captured if known.atom is outer.atom), outer)
        if key not in self.captured:
            found = outer.atom
            self.captured[key] = Var(self.names.fresh(found.name), found.type, found.span, found.user, found.unit)
            self.inputs.add(self.captured[key])
        return Value(self.captured[key], ON_BASE, self)

    @contextmanager
    def resetting(self, resets: tuple[Var, ...]) -> Generator[None]:
        """Let exactly ``resets`` put back the memory that is made meanwhile."""
        outer, self.resets = self.resets, resets
        try:
            yield
        finally:
            self.resets = outer


def _path(presence: Presence) -> object:
    """A presence as a key."""
    presence = resolve(presence)
    if not isinstance(presence, Sampled):
        return presence
    return (_path(presence.parent), presence.word or presence.condition, presence.constructor)


_current: ContextVar[Trace | None] = ContextVar("syncml_trace", default=None)
_session: ContextVar[Session | None] = ContextVar("syncml_session", default=None)


def current() -> Trace | None:
    """The node under construction, if any."""
    return _current.get()


def current_session() -> Session | None:
    """The program under construction, if any."""
    return _session.get()


def trace_at(place: Place, what: str) -> Trace:
    """The node under construction.

    Raises:
        DiagnosticError: L017, there is none.
    """
    trace = _current.get()
    if trace is None:
        raise DiagnosticError(
            error(
                "L017",
                f"{what} is used outside a node",
                place.span,
                "no node is being built here",
                help="move it into a function with the decorator @node, or use NumPy for constants",
            )
        )
    return trace


@contextmanager
def building(session: Session, trace: Trace | None) -> Generator[None]:
    """Make ``session`` and ``trace`` the current ones."""
    session_token, trace_token = _session.set(session), _current.set(trace)
    try:
        yield
    finally:
        _current.reset(trace_token)
        _session.reset(session_token)


def report(diagnostic: Diagnostic) -> None:
    """Record a fault of the program under construction; outside of one, raise it."""
    diagnostic = _at_the_users_line(diagnostic)
    session = _session.get()
    if session is None:
        raise DiagnosticError(diagnostic)
    session.collector.add(diagnostic)


def _at_the_users_line(diagnostic: Diagnostic) -> Diagnostic:
    """A fault that shows inside of a library, at the user's line that led there."""
    inside = diagnostic.primary
    if inside is None or source.is_users(inside.span.file):
        return diagnostic
    place = source.users_place()
    if place is None:
        return diagnostic
    shown = Label(inside.span, inside.text or "it shows here, in the library")
    return replace(diagnostic, primary=Label(place.span), secondary=(shown, *diagnostic.secondary))


def fault(
    code: str,
    message: str,
    at: Span,
    label: str = "",
    *,
    secondary: Iterable[Label] = (),
    notes: Iterable[str] = (),
    help: str | None = None,
) -> Value:
    """Record a fault and return the poisoned value that stands for its result."""
    report(error(code, message, at, label, secondary=secondary, notes=notes, help=help or None))
    return POISON
