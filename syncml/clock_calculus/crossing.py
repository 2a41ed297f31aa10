"""Where the two clocks of a buffer meet, and whether a bounded buffer fits between them.

Rule: ``x :: ck on p1`` is read at ``ck on p2``, where ck is the last clock that the two share. If both rest on ck by a
periodic word, the buffer fits iff the words are adaptable (see `words`); otherwise the number of values in it depends
on data, and its bound is a property of the program.
"""

from __future__ import annotations

from fractions import Fraction

from syncml.clock_calculus.faults import named
from syncml.clock_calculus.words import (
    BufferSize,
    adaptable,
    buffer_between,
    growth,
    in_ticks,
    in_time,
    least_delay,
    least_initial,
    synchronisable,
)
from syncml.dataclass import dataclass
from syncml.diagnostics import Diagnostic, Label, error
from syncml.ir.clocks import ALWAYS, BASE, Clock, On, Periodic, Word, steps
from syncml.ir.equations.syntax import Buffer, Equation, Node, Var
from syncml.ir.rates import describe, rate_of


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two clocks and the last clock ``common`` that both are made from; the words are None where data decides."""

    common: Clock
    words: tuple[Word, Word] | None


@dataclass(frozen=True, slots=True)
class BufferUse:
    """What is known of one buffer of a node, for reports.

    Attributes:
        node: The user's name of the node.
        stream: What is read from the buffer.
        writer: The clock at which values are written.
        reader: The clock at which they are read.
        slots: The number of values that it has room for.
        initial: The number of values in it at first.
        wait: The longest time that a value waits, in instants of ``common``; None where data decides.
        common: The last clock that both share.
    """

    node: Node
    stream: Var
    writer: Clock
    reader: Clock
    slots: int
    initial: int
    wait: int | None
    common: Clock


def crossing(writer: Clock, reader: Clock, *, is_reset: bool = False) -> Crossing:
    """Where ``writer`` and ``reader`` part; a reset between two words is data."""
    common: Clock = BASE
    left, right = steps(writer), steps(reader)
    shared = 0
    while shared < min(len(left), len(right)) and left[shared] == right[shared]:
        common = left[shared]
        shared += 1
    words = _word(left[shared:]), _word(right[shared:])
    if words[0] is None or words[1] is None or (is_reset and words != (ALWAYS, ALWAYS)):
        return Crossing(common, None)
    return Crossing(common, (words[0], words[1]))


def _word(path: list[On | Periodic]) -> Word | None:
    match path:
        case []:
            return ALWAYS
        case [Periodic(word=found)]:
            return found
        case _:
            return None


def size_between(writer: Clock, reader: Clock, initial: int) -> BufferSize | None:
    """The buffer that fits between two clocks; None where data decides.

    Raises:
        ValueError: none fits; `buffer_fault` says why.
    """
    met = crossing(writer, reader)
    return None if met.words is None else buffer_between(*met.words, initial)


def buffer_fault(node: Node, equation: Equation, rhs: Buffer, writer: Clock, reader: Clock) -> Diagnostic | None:
    """C006 to C008: why no bounded buffer fits between words; None if one does, or if data decides."""
    met = crossing(writer, reader)
    report = _Report(node, equation, rhs, writer, reader, met.common)
    if met.words is None:
        return None
    if not synchronisable(*met.words):
        return report.rates(*met.words)
    if not adaptable(*met.words, len(rhs.init)):
        return report.runs_dry(*met.words)
    needed = buffer_between(*met.words, len(rhs.init)).bypassed
    return report.too_small(needed) if rhs.size is not None and rhs.size < needed else None


@dataclass(frozen=True, slots=True)
class _Report:
    node: Node
    equation: Equation
    rhs: Buffer
    writer: Clock
    reader: Clock
    common: Clock

    def rates(self, writer: Word, reader: Word) -> Diagnostic:
        """C006."""
        source, target = self._names()
        rate = self._rate()
        if writer.rate > reader.rate:
            kept = reader.rate / writer.rate
            drop = f"when({source}, word({_first_of(kept)}))"
            repair = f"keep {kept.numerator} of {kept.denominator} values, `buffer({drop}, ...)`, or read it as often"
        else:
            kept = writer.rate / reader.rate
            repair = (
                f"read {kept.numerator} of {kept.denominator} times as often, or repeat values with "
                f"`hold({source}, init=...)`"
            )
        how = "over" if writer.rate > reader.rate else "dry"
        return error(
            "C006",
            f"the buffer {target} runs {how}: {growth(writer, reader, rate)}",
            self.equation.span,
            f"written at {self._text(self.writer)}, read at {self._text(self.reader)}",
            secondary=self._source_label(),
            help=repair,
        )

    def runs_dry(self, writer: Word, reader: Word) -> Diagnostic:
        """C007."""
        source, target = self._names()
        missing = least_initial(writer, reader) - len(self.rhs.init)
        held = f"{len(self.rhs.init)} first value{'s' if len(self.rhs.init) != 1 else ''}"
        start = f"with {held}, " if self.rhs.init else ""
        repairs = [
            f"put {missing} more value{'s' if missing != 1 else ''} into it at first, `buffer({source}, init=...)`"
        ]
        try:
            delay = Fraction(least_delay(writer, _without_first(reader, len(self.rhs.init))))
        except ValueError:
            pass
        else:
            rate = self._rate()
            repairs.append(f"read it {in_time(delay / rate) if rate is not None else _later(delay)} later")
        return error(
            "C007",
            f"{start}the buffer {target} is read before it is written",
            self.equation.span,
            f"written at {self._text(self.writer)}, read at {self._text(self.reader)}",
            secondary=self._source_label(),
            help=", or ".join(repairs),
        )

    def too_small(self, needed: int) -> Diagnostic:
        """C008 for a declared size."""
        _, target = self._names()
        return error(
            "C008",
            f"the buffer {target} needs {needed} places and has {self.rhs.size}",
            self.equation.span,
            f"written at {self._text(self.writer)}, read at {self._text(self.reader)}",
            secondary=self._source_label(),
            help="leave `size` out: the least size follows from the clocks",
        )

    def _names(self) -> tuple[str, str]:
        source = self.rhs.source
        name = source.name if isinstance(source, Var) and source.user else "..."
        return name, named(self.equation.target if self.equation.target.user else None, f"of `{name}`")

    def _source_label(self) -> list[Label]:
        source = self.rhs.source
        if not isinstance(source, Var) or source.span == self.equation.span:
            return []
        return [Label(source.span, f"{named(source, 'this value')} has clock {self._text(self.writer)}")]

    def _rate(self) -> Fraction | None:
        return rate_of(self.common, self.node.rate)

    def _text(self, clock: Clock) -> str:
        return describe(clock, self.node.rate)


def _later(delay: Fraction) -> str:
    return "1 tick" if delay == 1 else in_ticks(delay)


def _first_of(share: Fraction) -> str:
    """The word that keeps the first values of each group."""
    zeros = share.denominator - share.numerator
    return f'"({_run("1", share.numerator)}{_run("0", zeros)})"'


def _run(letter: str, count: int) -> str:
    return letter * count if count < 5 else f" {letter}^{count} "


def _without_first(w: Word, count: int) -> Word:
    """``w`` without its first ``count`` ones, which read what is in the buffer at first."""
    prefix, period = list(w.prefix), w.period
    while count:
        if 1 not in prefix:
            prefix += period
            continue
        while count and 1 in prefix:
            prefix[prefix.index(1)] = 0
            count -= 1
    return Word(tuple(prefix), period)
