"""What `syncml schedule` reports: operations by clock, and the edits that move phases."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from syncml.cli.streams import SegmentRow, segment_rows
from syncml.clock_calculus.executive import Executive
from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.clocks import Clock
from syncml.ir.equations.syntax import Node, Program, Var, When
from syncml.ir.rates import in_hertz, rate_of, text_of
from syncml.pipeline import Checked
from syncml.schedule import Move, count, flatten


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One clock: in how many ticks of the executive it costs something, and how many operations a tick at most."""

    clock: str
    rate: str
    ticks: int
    operations: int
    share: float


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One move of a phase, as an edit of the source: of the calls at ``spans``, which sample by one word.

    ``duration`` is the new phase as a time, where the node has a rate.
    """

    line: int
    clock: str
    phase: int
    edit: str
    spans: tuple[Span, ...]
    duration: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """An executive with its rows; ``before`` and ``after`` are the peaks without and with the moves."""

    title: str
    counted: Executive
    rows: tuple[ClockRow, ...]
    moves: tuple[MoveRow, ...]
    before: int
    after: int
    applied: bool
    proved: bool
    segments: tuple[SegmentRow, ...] = ()


def make_schedule(program: Program, checked: Checked, *, flatten: bool) -> Schedule:
    """Count a program, look for better phases, and apply them if ``flatten``."""
    before = count(checked)
    better = _flatten(program, checked, before)
    applied = better is not None and flatten
    shown, counted = (better.checked, better.counted) if better is not None and applied else (checked, before)
    node = shown.main
    return Schedule(
        title=_title(shown, counted),
        counted=counted,
        rows=_rows(shown, counted),
        moves=tuple(row for move in better.moves for row in _moves(node, move)) if better is not None else (),
        before=before.peak,
        after=better.counted.peak if better is not None else before.peak,
        applied=flatten,
        proved=better is None or better.proved,
        segments=_segments(shown),
    )


def schedule_as_written(checked: Checked) -> Schedule:
    """The executive of a program with the phases that it has."""
    counted = count(checked)
    rows = _rows(checked, counted)
    return Schedule(
        title=_title(checked, counted),
        counted=counted,
        rows=rows,
        moves=(),
        before=counted.peak,
        after=counted.peak,
        applied=False,
        proved=True,
        segments=_segments(checked),
    )


def _segments(checked: Checked) -> tuple[SegmentRow, ...]:
    """The segments of the main node in which something needs the future."""
    return tuple(row for row in segment_rows(checked.main, checked.early, checked.chosen) if row.has_sweeps)


def _title(checked: Checked, counted: Executive) -> str:
    node = checked.main
    again = f"then the last {counted.period} again" if counted.prefix else "then again"
    rate = "" if node.rate is None else f", {in_hertz(node.rate)}"
    return f"node {node.label}{rate}: {counted.prefix + counted.period} ticks, {again}"


_flatten = flatten


def _rows(checked: Checked, counted: Executive) -> tuple[ClockRow, ...]:
    clocks: dict[str, Clock] = {text_of(c): c for c in checked.flat.clocks.values()}
    everything = max(1, sum(counted.totals))
    rows: list[ClockRow] = []
    for text in sorted({name for tick in counted.ticks for name in tick}):
        costs = [tick[text] for tick in counted.ticks if text in tick]
        clock = clocks.get(text)
        rate = None if clock is None else rate_of(clock, checked.main.rate)
        name = text or "counters and tests"
        rows.append(
            ClockRow(name, "-" if rate is None else in_hertz(rate), len(costs), max(costs), sum(costs) / everything)
        )
    return tuple(sorted(rows, key=lambda row: -row.ticks))


def _moves(node: Node, move: Move) -> Iterator[MoveRow]:
    """A row for each call that samples by the word: `every`, or `sample` at a rate, of which several share a word."""
    period = move.group.period
    clock = f"every({period}, phase={move.group.phase})"
    by_word = f"every({period}, phase={move.phase})"
    duration = ""
    if node.rate is not None:
        phase = Fraction(move.phase) * 1000 / node.rate
        duration = f"ms({_number(phase)})"
    sampled: dict[Var, set[Span]] = {e.target: set() for e in move.group.equations}
    for equation in node.equations:
        rhs = equation.rhs
        if isinstance(rhs, When) and rhs.condition in sampled and rhs.constructor is True:
            sampled[rhs.condition].add(equation.span)
    rows: dict[int, MoveRow] = {}
    for equation in move.group.equations:
        if node.rate is not None and equation.span in sampled[equation.target]:
            edit = f"sample(..., to=Hz({_number(node.rate / period)}), phase={duration})"
            spans = sampled[equation.target]
        else:
            edit, spans = by_word, {equation.span}
        for span in spans:
            old = rows.get(span.line)
            same = (span,) if old is None else (*old.spans, span)
            rows[span.line] = MoveRow(span.line, clock, move.phase, edit, same, duration)
    yield from (rows[line] for line in sorted(rows))


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"Fraction({value.numerator}, {value.denominator})"
