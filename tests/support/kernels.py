"""Random programs of the whole kernel: those of `tests.support.programs`, with segments and buffers on every clock.

A segment is on a clock of its node, the ends of another segment and the states of an automaton included, in nodes that
are called and reset. What is inside of it looks back, ahead and to slower clocks, and calls nodes with state; only what
is taken at its end joins the other streams. A program whose loops run in both directions is drawn too: the compiler has
to say so.
"""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

from syncml.clock_calculus import least_initial
from syncml.diagnostics import DiagnosticError
from syncml.ir.clocks import Clock, On, every, word
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Buffer, Fby, Pack, Post, Program, Schedule, Segment, Var, Wave
from syncml.ir.operators import Op, result_type
from syncml.ir.types import BOOL, I32, element, shape, tensor
from syncml.ir.typing_rules import OperatorTypeError
from syncml.pipeline import Checked, check
from tests.support.ir import const
from tests.support.programs import (
    STEPS,
    WORDS,
    Draw,
    Scope,
    apply,
    call,
    iterate,
    literal,
    random_program,
)

LONGEST = 4
"""The most instants of a segment."""

REFUSED = frozenset(("K011", "K015", "K016", "K017"))
"""What a drawn segment may be refused for: it needs both directions, what no sweep computes, another segment, or in the
memory from segment to segment the future."""


def accepted(drawn: Program) -> Checked:
    """A drawn program that passed the checks; another is drawn if it is refused as it may be."""
    try:
        return check(drawn)
    except DiagnosticError as refused:
        assert {d.code for d in refused.diagnostics} <= REFUSED
        assume(False)
        raise


def segment(scope: Scope, clock: Clock) -> None:
    """A segment on ``clock``, what is computed in it, and what is taken at its end."""
    _declare(scope)
    longest = scope.draw(st.integers(1, LONGEST))
    # The other schedules ask for programs of a form; `tests/backward` draws those.
    schedule = scope.choose((Schedule.BURST, Schedule.BURST, Schedule.BURST, Schedule.DOUBLE, Schedule.ALTERNATING))
    resets = scope.resets()
    outside = [v for v in scope.variables[clock] if not _is_word(scope, v)]
    if not outside:
        return
    flags = [v for v in outside if v.type is BOOL]
    ragged = bool(flags) and schedule is Schedule.BURST and scope.draw(st.booleans())
    ends = scope.choose(flags) if ragged else None
    cut, position = _borders(scope, clock, ends, longest, schedule, resets)
    sources = [scope.choose(outside) for _ in range(scope.draw(st.integers(1, 3)))]
    inner = Scope(scope.draw, scope.builder, scope.callees, {clock: [*flags[-1:], *sources]}, always=(cut.first,))
    given = len(inner.variables[clock])
    kinds = (_apply, _apply, _ahead, _loop_ahead, _call)
    if schedule is Schedule.BURST:
        kinds = (*kinds, _apply, _ahead, _delay, _back_loop, _sample, _merge)
    for _ in range(scope.draw(st.integers(2, 8))):
        scope.choose(kinds)(inner, scope.choose(sorted(inner.variables, key=str)), cut)
    for value in inner.variables[clock][given:][-3:]:
        _take(scope, clock, value, cut, position, resets)


def _declare(scope: Scope) -> None:
    """Say the clocks of all streams: those that are made of words and constants alone may be on any."""
    for clock, variables in scope.variables.items():
        for var in variables:
            scope.builder.declared.setdefault(var, clock)


def _is_word(scope: Scope, var: Var) -> bool:
    """Whether a stream reads a word; what depends on one has a periodic clock, which `sample` makes."""
    return any(var in e.targets and isinstance(e.rhs, Wave) for e in scope.builder.equations)


def _borders(
    scope: Scope, clock: Clock, ends: Var | None, longest: int, schedule: Schedule, resets: tuple[Var, ...]
) -> tuple[Segment, Var]:
    """The segment, and the position in it."""
    b, count = scope.builder, len(scope.builder.equations)
    first, last = b.declare(f"first{count}", BOOL), b.declare(f"last{count}", BOOL)
    position = b.declare(f"position{count}", I32)
    b.declared |= {first: clock, last: clock, position: clock}
    full = b.op(Op.GE, position, const(longest - 1, I32))
    onward = b.op(Op.WHERE, full, const(0, I32), b.op(Op.ADD, position, const(1, I32)))
    b.define(position, Fby(const(0, I32), onward, (first,)))
    if ends is None:
        b.define(first, Wave(word((), (1, *(0,) * (longest - 1))), resets))
        b.define(last, Wave(word((), (*(0,) * (longest - 1), 1)), resets))
    else:
        b.define(first, Fby(const(True, BOOL), last, resets))
        b.define(last, Apply(Op.OR, (ends, full)))
    return Segment(first, last, longest, schedule), position


def _take(scope: Scope, clock: Clock, value: Var, cut: Segment, position: Var, resets: tuple[Var, ...]) -> None:
    """``value`` at the end of its segment, and perhaps on ``clock`` in the segment after it."""
    b, packs = scope.builder, scope.draw(st.booleans()) or cut.schedule is not Schedule.BURST
    type_ = tensor(element(value.type), (cut.longest, *shape(value.type))) if packs else value.type
    taken = b.define(b.fresh(type_), Pack(value, cut, resets)) if packs else b.when(value, cut.last)
    wave = next(e.rhs for e in b.equations if cut.last in e.targets)
    steady = isinstance(wave, Wave) and not wave.resets
    scope.add(every(clock, wave.word) if isinstance(wave, Wave) and steady else On(clock, cut.last, True), taken)
    if not scope.draw(st.integers(0, 3)):
        return
    held = b.fresh(type_)
    following = b.merge(cut.last, (True, taken), (False, b.when(held, cut.last, False)))
    b.define(held, Fby(literal(scope.draw, type_), following, resets))
    scope.add(clock, b.op(Op.AT, held, position) if packs else held)


# Inside of a segment.


def _apply(inner: Scope, clock: Clock, _cut: Segment) -> None:
    apply(inner, clock)


def _ahead(inner: Scope, clock: Clock, cut: Segment) -> None:
    x = inner.choose(inner.variables[clock])
    inner.add(clock, inner.builder.define(inner.builder.fresh(x.type), Post(x, inner.pick(clock, x.type), cut)))


def _delay(inner: Scope, clock: Clock, cut: Segment) -> None:
    x = inner.choose(inner.variables[clock])
    rhs = Fby(literal(inner.draw, x.type), x, (cut.first,))
    inner.add(clock, inner.builder.define(inner.builder.fresh(x.type), rhs))


def _loop_ahead(inner: Scope, clock: Clock, cut: Segment) -> None:
    _loop(inner, clock, cut, ahead=True)


def _back_loop(inner: Scope, clock: Clock, cut: Segment) -> None:
    _loop(inner, clock, cut, ahead=False)


def _loop(inner: Scope, clock: Clock, cut: Segment, *, ahead: bool) -> None:
    """A recurrence."""
    x, b = inner.choose(inner.variables[clock]), inner.builder
    op = inner.choose((Op.ADD, Op.MAX, Op.XOR, Op.WHERE))
    memory, value = b.fresh(x.type), b.fresh(x.type)
    arguments = (inner.pick(clock, BOOL), x, memory) if op is Op.WHERE else (x, memory)
    try:
        result_type(op, tuple(a.type for a in arguments))
    except OperatorTypeError:
        op = Op.COPY
        arguments = (memory,)
    end = inner.pick(clock, x.type)
    b.define(memory, Post(value, end, cut) if ahead else Fby(literal(inner.draw, x.type), value, (cut.first,)))
    b.define(value, Apply(op, arguments))
    inner.add(clock, value)


def _sample(inner: Scope, clock: Clock, _cut: Segment) -> None:
    """To a slower clock, where the condition does not need the future."""
    known = inner.variables[clock][0]
    if isinstance(clock, On) or known.type is not BOOL:
        return
    x = inner.choose(inner.variables[clock])
    inner.add(On(clock, known, True), inner.builder.when(x, known))


def _merge(inner: Scope, clock: Clock, _cut: Segment) -> None:
    """Back from one."""
    if not isinstance(clock, On) or clock.parent not in inner.variables:
        return
    x, b = inner.choose(inner.variables[clock]), inner.builder
    other = b.when(inner.pick(clock.parent, x.type), clock.condition, False)
    inner.add(clock.parent, b.merge(clock.condition, (True, x), (False, other)))


def _call(inner: Scope, clock: Clock, _cut: Segment) -> None:
    """A node with state, or an array of them, that starts again with each segment."""
    inner.choose((call, iterate))(inner, clock)


def buffer(scope: Scope, clock: Clock) -> None:
    """A stream on one word, read at another of the same rate, and merged with itself."""
    _declare(scope)
    b, x = scope.builder, scope.choose(scope.variables[clock])
    writer = scope.choose(WORDS)
    period = scope.draw(st.permutations(writer.period * scope.draw(st.integers(1, 2))))
    reader = scope.choose([w for w in WORDS if w.rate == writer.rate] + [word(writer.prefix, tuple(period))])
    count = least_initial(writer, reader) + scope.draw(st.integers(0, 1))
    init: tuple[Const, ...] = tuple(literal(scope.draw, x.type) for _ in range(count))
    write, read = b.wave(writer), b.wave(reader)
    b.declared |= {write: clock, read: clock}
    y = b.define(b.fresh(x.type), Buffer(b.when(x, write), read, True, init))
    scope.add(every(clock, reader), y)
    scope.add(clock, b.merge(read, (True, y), (False, b.when(x, read, False))))


@st.composite
def kernels(draw: Draw, size: int = 10) -> Program:
    """A program of up to three nodes with segments, buffers, and what `programs` has (clocks not yet inferred)."""
    return random_program(draw, size, (*STEPS, segment, segment, segment, segment, buffer, buffer))
