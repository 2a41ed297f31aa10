"""Segments: stretches of time in which streams may look back and ahead.

with segment(every=8) as seg    cuts time; what remembers inside starts again at each first instant
post(x, init=i)                 the next value of x, i at the last instant
pack(x)                         the values of x in the segment, at its last instant
unpack(p, init=i)               the values in p, one by one in the next segment
seg.carry(init=i)               a state of the segments: constant within one, its `.next` is given at the last instant
"""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar, overload

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, error
from syncml.ir.clocks import Word
from syncml.ir.constants import Const, zero
from syncml.ir.equations.syntax import Apply, Equation, Fby, Pack, Post, Schedule, Var
from syncml.ir.equations.syntax import Segment as IrSegment
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, I32, element, shape, tensor
from syncml.lang.carrying import at_ends, carried, delayed, since
from syncml.lang.operations import apply_at, atom_of, same_type, shared_presence, typed, value_of
from syncml.lang.presence import ON_BASE, Pending, Presence, Sampled, join, resolve
from syncml.lang.rates import Duration, periodic
from syncml.lang.records import Record, leafwise
from syncml.lang.registers import State, in_type
from syncml.lang.rows import Rows
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Numbers, Open, Stream, stream
from syncml.lang.trace import POISON, Trace, Value, fault, report, trace_at
from syncml.lang.types import Mat, Tensor, Vec, type_text

X = TypeVar("X")
E = TypeVar("E")
N = TypeVar("N", bound=int)
R = TypeVar("R", bound=Record)
V = TypeVar("V", bound=Tensor[Any])


def segment(
    every: int | Duration | Stream[bool],
    longest: int | None = None,
    schedule: Schedule | str = Schedule.BURST,
    slots: int | None = None,
    lag: int | None = None,
    memory: int | None = None,
    latency: int | None = None,
) -> Segments:
    """Cut time into stretches: use it in a ``with`` statement.

    Inside, every memory (`state`, `pre`, `fby`, `first`, `every`, the instances of nodes) starts again at the first
    instant of each segment, and `post` and `pack` are of this segment. A state that was made outside is not cut.

    Args:
        every: The length: a number of instants of the clock that it is used on, a time (in a node with a rate, for
            streams at that rate), or a Boolean stream that is true at each last instant.
        longest: The most instants of a segment that a Boolean stream ends; one of that length ends by itself.
        schedule: When values that need the future are computed.
        slots: For the schedule ``checkpointed``: the number of snapshots, that of the start included.
        lag: For the schedule ``fixed lag``: after how many instants what looks ahead is cut, and comes out.
        memory: For the schedule ``auto``: the most bytes that the buffers of the sweeps may take.
        latency: For the schedule ``auto``: the most instants that a value may come later.

    Raises:
        ValueError: a length is less than 1, there is no such schedule, or one of the last four does not fit it.
    """
    place = here()
    trace = trace_at(place, "`segment`")
    kind = _Policy(Schedule(schedule), slots or 0, lag or 0, memory or 0, latency)
    if (kind.schedule is Schedule.CHECKPOINTED) is not (slots is not None and slots >= 1):
        raise ValueError(
            f"segment(schedule={kind.schedule.value!r}, slots={slots}): 'checkpointed' has at least 1 slot"
        )
    if (kind.schedule is Schedule.FIXED_LAG) is not (lag is not None and lag >= 1):
        raise ValueError(f"segment(schedule={kind.schedule.value!r}, lag={lag}): 'fixed lag' has a lag of at least 1")
    is_auto = kind.schedule is Schedule.AUTO
    if is_auto is not (memory is not None and memory >= 0) or (latency is not None and not is_auto):
        raise ValueError(f"segment(schedule={kind.schedule.value!r}, memory={memory}): 'auto' has a limit in bytes")
    if isinstance(every, Stream):
        ends = value_of(every, place)
        if longest is None:
            fault("K014", "a segment that a stream ends has no bound", place.span, "how long can it be?",
                  help="give the most instants: segment(every=..., longest=64)")  # fmt: skip
        elif longest < 1:
            raise ValueError(f"segment(longest={longest}): a segment has at least 1 instant")
        if ends.atom is not None and ends.type != BOOL:
            fault("T006", f"the end of a segment is {type_text(ends.type)}, not bool", place.span,
                  secondary=ends.label(), help="compare it with something")  # fmt: skip
            ends = POISON
        return _ended(place, trace, ends, longest or 1, kind)
    length = _ticks(place, trace, every) if isinstance(every, Duration) else every
    if length < 1:
        raise ValueError(f"segment(every={every}): a segment has at least 1 instant")
    outer = trace.segments[-1] if trace.segments else None
    if outer is None:
        return _periodic(place, trace, length, kind)
    if outer.length is None or outer.length % length:
        fault("K014", f"segments of {length} instants do not fill the segments around them", place.span,
              help="make the length of the outer ones a multiple of it")  # fmt: skip
    return _periodic(place, trace, length, kind)


@dataclass(frozen=True, slots=True)
class _Policy:
    """When the sweeps of a segment run, and from what."""

    schedule: Schedule
    slots: int
    lag: int
    memory: int
    latency: int | None


def _ticks(place: Place, trace: Trace, time: Duration) -> int:
    if trace.rate is None:
        fault("C004", f"a segment of {time} needs a node with a rate", place.span, "the node has none",
              help="write @node(rate=Hz(...)) above the function")  # fmt: skip
        return 1
    ticks = time.seconds * trace.rate
    if ticks.denominator != 1 or ticks < 1:
        fault("C002", f"{time} is not a whole number of ticks", place.span,
              help=f"a tick is {Duration(1 / trace.rate)}: take a multiple of it")  # fmt: skip
        return 1
    return int(ticks)


class Scope:
    """What the segments of a trace know: their borders, their length if all have one, and the resets around them."""

    __slots__ = ("_index", "first", "ir", "last", "length", "outer", "presence", "word")

    def __init__(self, ir: IrSegment, first: Value, last: Value, length: int | None, outer: tuple[Var, ...]) -> None:
        self.ir = ir
        self.length = length
        self.first = first
        self.last = last
        self.outer = outer
        self._index: Value | None = None
        self.word: Word | None = last.word
        assert last.presence is not None
        self.presence: Presence = last.presence

    def index(self, trace: Trace, place: Place) -> Value:
        """The position in the segment; made when it is asked for, because somebody has to place it on a clock."""
        if self._index is None:
            position = Var(trace.names.fresh("position"), I32, place.span)
            self._index = Value(position, self.presence, trace)
            hidden = inner(place)
            full = apply_at(hidden, trace, Op.GE, [self._index, Value(Const(self.ir.longest - 1, I32))])
            after = apply_at(hidden, trace, Op.ADD, [self._index, Value(Const(1, I32))])
            # The choice keeps the sum in range; it is the reset that counts.
            following = apply_at(hidden, trace, Op.WHERE, [full, Value(Const(0, I32)), after])
            rhs = Fby(Const(0, I32), atom_of(following), (self.ir.first,))
            trace.equations.append(Equation((position,), rhs, place.span))
        return self._index


def _periodic(place: Place, trace: Trace, length: int, policy: _Policy) -> Segments:
    shared = Pending()
    hidden = inner(place)

    def wave(name: str, phase: int) -> Value:
        word = periodic(length, phase)
        target = Var(trace.names.fresh(name), BOOL, hidden.span)
        return replace(trace.letters(target, word, place.span), presence=shared)

    return _scope(trace, wave("first", 0), wave("last", length - 1), length, policy, length)


def _ended(place: Place, trace: Trace, ends: Value, longest: int, policy: _Policy) -> Segments:
    """A segment that ends where ``ends`` is true, when it is full, or with the one around it."""
    if ends.atom is None:
        return _periodic(place, trace, longest, policy)
    shared = ends.presence or Pending()
    last = Var(trace.names.fresh("last"), BOOL, place.span)
    first = Var(trace.names.fresh("first"), BOOL, place.span)
    first_value = trace.equate(first, Fby(Const(True, BOOL), last), place.span, shared)
    made = _scope(trace, first_value, Value(last, shared, trace), longest, policy)
    position = made.scope.index(trace, place)
    full = apply_at(inner(place), trace, Op.EQ, [position, Value(Const(longest - 1, I32))])
    if trace.segments:
        full = apply_at(inner(place), trace, Op.OR, [full, trace.segments[-1].last])
    trace.equate(last, Apply(Op.OR, (ends.atom, atom_of(full))), place.span, shared)
    return made


def _scope(
    trace: Trace, first: Value, last: Value, longest: int, policy: _Policy, length: int | None = None
) -> Segments:
    assert isinstance(first.atom, Var)
    assert isinstance(last.atom, Var)
    trace.beside[first.atom] = last.atom
    ir = IrSegment(
        first.atom, last.atom, longest, policy.schedule, policy.slots, policy.lag, policy.memory, policy.latency
    )
    scope = Scope(ir, first, last, length, trace.resets)
    trace.ended_by[last.atom] = scope
    return Segments(trace, scope)


class Segments:
    """The segments of a ``with segment(...)``; their borders are streams on the clock that they are used on."""

    __slots__ = ("_before", "_trace", "scope")

    def __init__(self, trace: Trace, scope: Scope) -> None:
        self._trace = trace
        self.scope = scope
        self._before: tuple[Var, ...] = ()

    def __enter__(self) -> Segments:
        self._before = self._trace.resets
        self._trace.resets = (*self._trace.resets, self.scope.ir.first)
        self._trace.segments.append(self.scope)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._trace.segments.pop()
        self._trace.resets = self._before

    @property
    def first(self) -> Stream[bool]:
        """True at the first instant of each segment."""
        return stream(self.scope.first)

    @property
    def last(self) -> Stream[bool]:
        """True at the last instant of each segment; ``when(x, seg.last)`` is the value of ``x`` there."""
        return stream(self.scope.last)

    @property
    def index(self) -> Stream[int]:
        """The position in the segment, from 0; an ``i32``."""
        return stream(self.scope.index(self._trace, here()))

    def total(self, x: Stream[X]) -> Stream[X]:
        """The sum of ``x`` over the segment, on the clock of ``last``; the last value comes first.

        Values that need the future are added as the sweep finds them, and none of them is kept.

        Args:
            x: Numbers on the clock of the segment.
        """
        place = here()
        trace = trace_at(place, "`total`")
        source, scope, hidden = value_of(x, place), self.scope, inner(place)
        if source.atom is None:
            return stream(POISON)
        presence = join([source.presence, scope.presence]) if source.presence is not None else scope.presence
        running = Var(trace.names.fresh("running"), source.type, hidden.span)
        behind = trace.define(Post(running, zero(source.type), scope.ir), source.type, hidden, "behind", presence)
        added = apply_at(place, trace, Op.ADD, [behind, source])
        if added.atom is None:
            return stream(POISON)
        trace.equations.append(Equation((running,), Apply(Op.COPY, (added.atom,)), hidden.span))
        type_ = tensor(element(source.type), (scope.ir.longest, *shape(source.type)))
        sampled = Sampled(scope.presence, scope.ir.last, True, scope.word)
        whole = trace.define(Pack(running, scope.ir, scope.outer), type_, hidden, "running_all", sampled)
        return stream(apply_at(place, trace, Op.INDEX, [whole], attribute=(0,), role="total"))

    def late(self, x: Stream[X], init: Numbers | float | bool = 0) -> Stream[X]:
        """``x`` as it was as many instants ago as the lag of the segment, also where that was in the segment before.

        By the schedule *fixed lag* that is how what needs the future comes out.

        Args:
            x: A stream on the clock of the segment.
            init: What it is at the first instants, until there is a value: a constant.
        """
        place = here()
        trace = trace_at(place, "`late`")
        source, hidden = value_of(x, place), inner(place)
        if not self.scope.ir.lag:
            fault("K010", "`late` is of a segment with a lag", place.span,
                  help='give it one: segment(every=..., schedule="fixed lag", lag=8)')  # fmt: skip
            return stream(POISON)
        start = typed(value_of(init, place), element(source.type), place, shape(source.type))
        if source.atom is None or not isinstance(start.atom, Const):
            return stream(POISON)
        presence = join([source.presence, self.scope.presence]) if source.presence is not None else self.scope.presence
        return stream(delayed(hidden, self.scope, Value(source.atom, presence, trace), start.atom, trace))

    @overload
    def carry(self, init: Stream[X], type: Any = None, *, lasting: bool = False) -> State[X]: ...
    @overload
    def carry(self, init: Numbers, type: Any = None, *, lasting: bool = False) -> State[Any]: ...
    @overload
    def carry(self, init: Any, type: type[X], *, lasting: bool = False) -> State[X]: ...
    @overload
    def carry(self, init: X, type: Any = None, *, lasting: bool = False) -> State[X]: ...
    def carry(self, init: Any, type: Any = None, *, lasting: bool = False) -> State[Any]:
        """A state of the segments, constant in each; ``.next`` is given on the clock of ``last`` and counts after it.

        Args:
            init: Its value in the first segment, a constant.
            type: Its type, such as ``f64``; by default f32 or i32.
            lasting: Whether it goes on where a segment around these begins, or a reset puts memory back.
        """
        place = here()
        trace = trace_at(place, "`carry`")
        start = value_of(init, place)
        if type is not None and start.atom is not None:
            start = in_type(start, type, place)
        if not isinstance(start.atom, Const):
            if start.atom is not None:
                fault("I001", "the first value of `carry` is a constant", place.span, help="give a number or an array")
            return State(None)
        target = trace.variable(start.type, place, "carried")
        resets = () if lasting else self.scope.outer
        return State(*carried(trace, place, self.scope, target, start.atom, resets))


@overload
def post(x: R, init: R | None = None) -> R: ...
@overload
def post(x: Stream[V], init: Stream[V] | Numbers | float | None = None) -> Stream[V]: ...
@overload
def post(x: Stream[X], init: Stream[X] | X | None = None) -> Stream[X]: ...
def post(x: Any, init: Any = None) -> Any:
    """The next value of ``x`` in the segment; ``init`` at its last instant.

    Args:
        x: A stream; one that is computed from the result makes a recurrence that runs from the end to the start.
        init: The value at the last instant: a literal or a stream, of which the value at that instant counts.
    """
    if isinstance(x, Record):
        return leafwise(post, x) if init is None else leafwise(post, x, init)
    place = here()
    trace = trace_at(place, "`post`")
    scope = segment_around(trace)
    if scope is None:
        trace.unplaced.append(_outside(place, "post"))
    source = value_of(x, place)
    if scope is None or source.atom is None:
        return stream(POISON)
    if init is None:
        message = f"the next value of {source.text} is not defined at the end of the segment"
        fault("K013", message, place.span, help="say what it is there: post(x, init=...)")
        return stream(POISON)
    paired = same_type([source, value_of(init, place)], place, "a stream and its value at the end")
    if paired is None:
        return stream(POISON)
    (following, end), type_ = paired
    shared = shared_presence([following, end], place)
    rhs = Post(atom_of(following), atom_of(end), scope.ir)
    return stream(trace.define(rhs, type_, place, "post", shared))


def segment_around(trace: Trace) -> Scope | None:
    """The innermost segment that a node is in: its own, or that of the node whose call makes it.

    The borders of a segment of the caller become inputs.
    """
    if trace.segments:
        return trace.segments[-1]
    # What a call leads to is described while the description of its caller rests.
    borrowers = [trace]
    while borrowers[-1].borrowed is None and not borrowers[-1].segments:
        if borrowers[-1].caller is None:
            return None
        borrowers.append(borrowers[-1].caller)
    lender = borrowers.pop()
    scope = lender.segments[-1] if lender.segments else lender.borrowed
    for borrower in reversed(borrowers):
        assert scope is not None
        scope = borrower.borrowed = _borrowed(borrower, scope)
    return scope


def _borrowed(trace: Trace, scope: Scope) -> Scope:
    """A segment of the caller as one of the node."""
    borders: list[Value] = []
    for border in (scope.first, scope.last):
        assert isinstance(border.atom, Var)
        inside = Var(trace.names.fresh(border.atom.name), BOOL, border.atom.span)
        trace.captured[border] = inside
        trace.inputs.add(inside)
        borders.append(Value(inside, ON_BASE, trace))
    first, last = borders
    assert isinstance(first.atom, Var)
    assert isinstance(last.atom, Var)
    ir = replace(scope.ir, first=first.atom, last=last.atom)
    return Scope(ir, first, last, scope.length, ())


def _outside(place: Place, what: str) -> Diagnostic:
    return error("K010", f"`{what}` is used outside of a segment", place.span, "where does the future end?",
          help="put it into a segment: `with segment(every=8) as seg:`")  # fmt: skip


@overload
def pack(x: Stream[Open], n: int | None = None) -> Stream[Any]: ...
@overload
def pack(x: R, n: int | None = None) -> Rows[R, Any]: ...
@overload
def pack(x: Stream[Vec[N, E]], n: int | None = None) -> Stream[Mat[Any, N, E]]: ...  # type: ignore[overload-overlap]
@overload
def pack(x: Stream[X], n: int | None = None) -> Stream[Vec[Any, X]]: ...
def pack(x: Any, n: int | None = None) -> Any:
    """The values of ``x`` in a segment, as one array at its last instant; filled with zeros where it is shorter.

    Args:
        x: A stream on the clock of the segment.
        n: The length of the segments; without it, those of the ``with segment(...)`` around are meant.
    """
    if isinstance(x, Record):

        def packed(leaf: Stream[Any]) -> Stream[Any]:
            return pack(leaf, n)

        return leafwise(packed, x)
    place = here()
    trace = trace_at(place, "`pack`")
    source = value_of(x, place)
    scope = segment(every=n).scope if n is not None else trace.segments[-1] if trace.segments else None
    if scope is None:
        report(_outside(place, "pack"))
    if scope is None or source.atom is None:
        return stream(POISON)
    if isinstance(source.atom, Var) and source.presence is not None:
        source = Value(source.atom, join([source.presence, scope.presence]), trace)
    type_ = tensor(element(source.type), (scope.ir.longest, *shape(source.type)))
    return stream(trace.define(Pack(atom_of(source), scope.ir, scope.outer), type_, place, "pack", at_ends(scope)))


@overload
def unpack(p: Stream[Open], init: float = 0) -> Stream[Any]: ...
@overload
def unpack(p: Rows[R, Any], init: float = 0) -> R: ...
@overload
def unpack(p: Stream[Vec[Any, E]], init: E | float = 0) -> Stream[E]: ...
@overload
def unpack(p: Stream[Mat[Any, N, E]], init: E | float = 0) -> Stream[Vec[N, E]]: ...
def unpack(p: Any, init: Any = 0) -> Any:
    """The elements of ``p`` one by one, in the segment after the one at whose end ``p`` is present.

    Args:
        p: An array on the clock of the ends of segments, computed from a `pack`.
        init: What all elements are in the first segment: a number.
    """
    if isinstance(p, Record):

        def unpacked(leaf: Stream[Any]) -> Stream[Any]:
            return unpack(leaf, init)

        return leafwise(unpacked, p)
    place = here()
    trace = trace_at(place, "`unpack`")
    source = value_of(p, place)
    if source.atom is None:
        return stream(POISON)
    clock = None if source.presence is None else resolve(source.presence)
    scope = trace.ended_by.get(clock.condition) if isinstance(clock, Sampled) and clock.condition else None
    if scope is None or not isinstance(source.atom, Var):
        message = f"{source.text} is not on the clock of the ends of segments"
        return stream(fault("K014", message, place.span, secondary=source.label(), help="compute it from a `pack`"))
    if shape(source.type)[:1] != (scope.ir.longest,):
        message = f"{source.text} is {type_text(source.type)}, and a segment has {scope.ir.longest} instants"
        return stream(fault("T002", message, place.span, secondary=source.label()))
    start = typed(value_of(init, place), element(source.type), place, shape(source.type))
    if not isinstance(start.atom, Const):
        return stream(POISON)
    hidden = inner(place)
    before = Var(trace.names.fresh(f"{source.atom.name}_before"), source.type, hidden.span)
    held = since(trace, hidden, scope, before, source.atom, start.atom, scope.outer)
    return stream(apply_at(place, trace, Op.AT, [held, scope.index(trace, hidden)], role="unpack"))


__all__ = ["Schedule", "Scope", "Segments", "pack", "post", "segment", "unpack"]
