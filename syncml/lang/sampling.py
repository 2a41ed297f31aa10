"""Rates in words that engineers use: `sample`, `hold`, `every`.

Rule: ``sample(x, to=Hz(r))`` is ``x when w`` with the word of r over the rate of x. ``hold(x, init=i)`` undoes the last
sampling: ``y = merge c (x) ((i fby y) when not c)`` on the clock that x was sampled from, c being the condition of x.
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

from syncml.ir.clocks import LONGEST_WORD, Word
from syncml.ir.constants import zero
from syncml.ir.equations.syntax import Fby, Merge, Var, When
from syncml.ir.rates import in_hertz
from syncml.ir.types import BOOL, EnumType
from syncml.lang import presence as presences
from syncml.lang.kernel import condition_of, sample_when
from syncml.lang.operations import atom_of, same_type, value_of
from syncml.lang.presence import OnBase, Presence, Sampled, Unknown, resolve
from syncml.lang.rates import Duration, Hz, RateFault, periodic, word_at
from syncml.lang.records import Record, leafwise
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Numbers, Stream, stream
from syncml.lang.trace import POISON, Trace, Value, fault, trace_at
from syncml.lang.types import Tensor

X = TypeVar("X")
R = TypeVar("R", bound=Record)
V = TypeVar("V", bound=Tensor[Any])


@overload
def sample(x: R, condition: Stream[bool], /) -> R: ...
@overload
def sample(x: R, /, *, to: Hz, phase: Duration | None = None) -> R: ...
@overload
def sample(x: Stream[X], condition: Stream[bool], /) -> Stream[X]: ...
@overload
def sample(x: Stream[X], /, *, to: Hz, phase: Duration | None = None) -> Stream[X]: ...
def sample(x: Any, condition: Any = None, /, *, to: Hz | None = None, phase: Duration | None = None) -> Any:
    """``x`` at a slower rate, or at the instants at which ``condition`` is true.

    Args:
        x: What to sample; it has to tick evenly where a rate is asked for.
        condition: A Boolean stream on the clock of ``x``, such as ``every(3)``.
        to: The new rate; it divides the rate of ``x``.
        phase: The time of the first sample, from the first instant of ``x``.
    """
    if isinstance(x, Record):

        def sampled(leaf: Any) -> Any:
            return sample(leaf, condition) if to is None else sample(leaf, to=to, phase=phase)

        return leafwise(sampled, x)
    place = here()
    trace = trace_at(place, "`sample`")
    source = value_of(x, place)
    if source.atom is None:
        return stream(POISON)
    if to is None:
        chosen = condition_of(value_of(condition, place), True, place)
        return stream(POISON if chosen is None else sample_when(place, trace, source, *chosen, role="sample"))
    word = _word(place, trace, source, to, phase)
    if word is None or source.presence is None:
        return stream(POISON if word is None else source)
    parent = presences.resolve(source.presence)
    wave = trace.wave(parent, word, place)
    return stream(sample_when(place, trace, source, wave, True, role="sample"))


def _word(place: Place, trace: Trace, source: Value, to: Hz, phase: Duration | None) -> Word | None:
    """The word of a rate over the clock of ``source``; None, and a report, if it has none."""
    if trace.rate is None:
        fault("C004", f"a rate of {to} needs a node with a rate", place.span, "the node has none",
              help="write @node(rate=Hz(...)) above the function")  # fmt: skip
        return None
    known = presences.commit(source.presence, place.span) if source.presence is not None else presences.ON_BASE
    # Streams of different clocks met before: clock inference has the better message, and any word will do for it.
    own = trace.rate if isinstance(known, Unknown) else presences.rate(known, trace.rate)
    if own is None:
        fault("C004", f"{source.text} does not tick evenly, so it has no rate to sample from", place.span,
              secondary=source.label(), help="hold it first: sample(hold(x, init=...), to=...)")  # fmt: skip
        return None
    try:
        return word_at(to, own, phase)
    except RateFault as wrong:
        fault(
            "C002",
            wrong.message,
            place.span,
            f"this is sampled from {in_hertz(own)}",
            secondary=source.label(),
            help=wrong.help,
        )
        return None


def every(n: int, phase: int = 0) -> Stream[bool]:
    """True at one of ``n`` instants of the clock that it is used on, first after ``phase`` of them.

    Raises:
        ValueError: ``n`` is less than 1, ``phase`` negative, or both too large to be written out.
    """
    if n < 1 or phase < 0:
        raise ValueError(f"every({n}, phase={phase}): n is at least 1, and phase at least 0")
    if n + phase > LONGEST_WORD:
        raise ValueError(f"every({n}, phase={phase}): n and phase are at most {LONGEST_WORD} together")
    place = here()
    trace = trace_at(place, "`every`")
    word = periodic(n, phase)
    return stream(trace.letters(trace.variable(BOOL, place, "every"), word, place.span))


@overload
def hold(x: R, init: R | None = None) -> R: ...
@overload
def hold(x: Stream[V], init: Stream[V] | Numbers | float | None = None) -> Stream[V]: ...
@overload
def hold(x: Stream[X], init: Stream[X] | X | None = None) -> Stream[X]: ...
def hold(x: Any, init: Any = None) -> Any:
    """The latest value of ``x`` at each instant of the clock that it was sampled from.

    Args:
        x: A sampled stream, or an input with a declared slower clock.
        init: The value before the first of ``x``; needed unless ``x`` is present at the first instant.
    """
    if isinstance(x, Record):
        return leafwise(hold, x) if init is None else leafwise(hold, x, init)
    place = here()
    trace = trace_at(place, "`hold`")
    source = value_of(x, place)
    if source.atom is None:
        return stream(POISON)
    clock = resolve(source.presence) if source.presence is not None else None
    if clock is not None and trace.scope is not None and presences.same(clock, trace.scope.presence):
        return stream(fault("L020", f"{source.text} is present at each tick of {trace.scope.name}, so there is nothing "
                            "to hold", place.span, secondary=source.label(), help="remove `hold`"))  # fmt: skip
    if not isinstance(clock, Sampled):
        return stream(_report_unknown(place, source, clock))
    if init is None and not presences.present_first(clock):
        return stream(
            fault(
                "I001",
                f"{source.text} may have no value at the first instant",
                place.span,
                secondary=source.label(),
                help="say what holds until then: hold(x, init=...)",
            )
        )
    start = value_of(init, place) if init is not None else Value(zero(source.type))
    paired = same_type([source, start], place, "a stream and its first value")
    if paired is None:
        return stream(POISON)
    (held, start), _ = paired
    return stream(_hold(place, trace, clock, held, start if init is not None else None))


def _report_unknown(place: Place, source: Value, clock: Presence | None) -> Value:
    match clock:
        case OnBase():
            message, help_ = "is present at each tick, so there is nothing to hold", "remove `hold`"
            if source.trace is not None and source.atom in source.trace.inputs:
                assert isinstance(source.atom, Var)
                help_ += f', or declare a slower input: @node(rate=..., at={{"{source.atom.name}": Hz(...)}})'
        case Unknown():
            message, help_ = "is computed from streams of different clocks", "hold each of them before they meet"
        case _:
            message, help_ = "is on a clock that is not known here", "hold the sampled streams that it is computed from"
    return fault("L020", f"{source.text} {message}", place.span, secondary=source.label(), help=help_)


def _hold(place: Place, trace: Trace, clock: Sampled, source: Value, start: Value | None) -> Value:
    condition = clock.condition
    constructor = clock.constructor
    if condition is None:
        assert clock.word is not None
        # The clock of the stream is what it is, whatever is reset here.
        with trace.resetting(()):
            wave = trace.wave(clock.parent, clock.word, inner(place)).atom
        assert isinstance(wave, Var)
        condition, constructor = wave, True
    type_ = source.type
    held = trace.variable(type_, place, "hold")
    inside = inner(place)
    first = None if start is None else start.atom
    if isinstance(first, Var):
        return fault(
            "I001", "the first value of `hold` is a constant", place.span, help="give a number or a constant array"
        )
    last = trace.define(Fby(first, held), type_, inside, "last", clock.parent)
    names = condition.type.constructors if isinstance(condition.type, EnumType) else (True, False)
    branches = tuple(
        (
            name,
            atom_of(source)
            if name == constructor
            else atom_of(_kept(trace, inside, last, condition, name, clock.parent)),
        )
        for name in names
    )
    return trace.equate(held, Merge(condition, branches), place.span, clock.parent)


def _kept(trace: Trace, place: Place, last: Value, condition: Var, name: bool | str, parent: Presence) -> Value:
    return trace.define(
        When(atom_of(last), condition, name), last.type, place, "kept", Sampled(parent, condition, name)
    )
