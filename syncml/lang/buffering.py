"""Streams between clocks of one rate: `buffer`, and the words that such clocks are made of.

Rule: ``y = buffer(x)`` has the values of x in their order, the j-th value of y being the j-th of x; with k first values
it is the (j-k)-th. The clocks of x and y have one rate, and y is never ahead of x. With ``at=c``, y is present where c
is true; without, its clock is found from its use.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar, overload

from syncml.ir.clocks import complement
from syncml.ir.clocks import word as normal_form
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Buffer, Var
from syncml.ir.types import BOOL, MATHEMATICAL, element
from syncml.lang.kernel import condition_of
from syncml.lang.operations import atom_of, same_type, value_of
from syncml.lang.presence import Pending, Presence, Sampled
from syncml.lang.records import Record, leafwise
from syncml.lang.source import Place, here
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import POISON, Value, fault, trace_at
from syncml.lang.types import type_text

X = TypeVar("X")
R = TypeVar("R", bound=Record)

LONGEST_WORD = 1_000_000
"""The most letters of a word that is written out."""

_LETTERS = re.compile(r"\s*([01])(?:\^(\d+))?\s*")


def word(text: str) -> Stream[bool]:
    """True at the instants, of the clock that it is used on, at which the periodic word has a 1.

    Args:
        text: ``u(v)``: the letters u once, then v for ever; ``1^5`` is five ones.
            Such as ``"(10)"`` or ``"0^3 (1 0^9)"``.

    Raises:
        ValueError: the text is no such word.
    """
    written = re.fullmatch(r"([^()]*)\(([^()]*)\)\s*", text)
    parts = None if written is None else (_letters(written[1]), _letters(written[2]))
    if parts is None or parts[0] is None or not parts[1]:
        raise ValueError(f'"{text}" is not a periodic word: write the letters 0 and 1, the period in brackets, "0(10)"')
    place = here()
    trace = trace_at(place, "`word`")
    letters = normal_form(parts[0], parts[1])
    return stream(trace.letters(trace.variable(BOOL, place, "word"), letters, place.span))


def _letters(text: str) -> tuple[int, ...] | None:
    """The letters of a part of a word; None if it is malformed."""
    found: list[int] = []
    position = 0
    text = text.strip()
    while position < len(text):
        match = _LETTERS.match(text, position)
        count = int(match[2] or 1) if match is not None else 0
        if match is None or count > LONGEST_WORD or len(found) > LONGEST_WORD:
            return None
        found += [int(match[1])] * count
        position = match.end()
    return tuple(found)


@overload
def buffer(x: R, /, *, at: Stream[bool] | None = None, size: int | None = None) -> R: ...
@overload
def buffer(
    x: Stream[X], /, *, at: Stream[bool] | None = None, init: Sequence[Any] = (), size: int | None = None
) -> Stream[X]: ...
def buffer(x: Any, /, *, at: Stream[bool] | None = None, init: Sequence[Any] = (), size: int | None = None) -> Any:
    """The values of ``x``, in their order, on another clock of the same rate.

    Args:
        x: What to buffer.
        at: Where the values are read; without it, where the result is used.
        init: Values that are read before those of ``x``, first in first out.
        size: The number of places, where the clocks depend on data; `syncml verify` proves that it suffices. Otherwise
            the least number follows from the clocks.

    Raises:
        ValueError: ``size`` is less than 1, or than the number of first values.
    """
    if size is not None and size < max(1, len(init)):
        raise ValueError(f"buffer(size={size}) has no room for {max(1, len(init))} values")
    if isinstance(x, Record):

        def buffered(leaf: Any) -> Any:
            return buffer(leaf, at=at, size=size)

        return leafwise(buffered, x)
    place = here()
    trace = trace_at(place, "`buffer`")
    source = value_of(x, place)
    first = _first_values(source, init, place)
    if source.atom is None or first is None:
        return stream(POISON)
    if element(source.type) in MATHEMATICAL:
        return stream(
            fault(
                "T006",
                f"`buffer` stores {type_text(source.type)}, which no machine has room for",
                place.span,
                secondary=source.label(),
                help="buffer a machine type: cast(x, f64)",
            )
        )
    if at is None:
        rhs = Buffer(atom_of(source), init=first, size=size)
        return stream(trace.define(rhs, source.type, place, "buffer", Pending()))
    value = value_of(at, place)
    chosen = condition_of(value, True, place)
    if chosen is None:
        return stream(POISON)
    condition, constructor = chosen
    assert isinstance(condition.atom, Var)
    rhs = Buffer(atom_of(source), condition.atom, constructor, first, size)
    return stream(trace.define(rhs, source.type, place, "buffer", _read_at(condition, condition.atom, constructor)))


def _read_at(condition: Value, atom: Var, constructor: bool | str) -> Presence:
    word = condition.word if constructor is not False or condition.word is None else complement(condition.word)
    return Sampled(condition.presence or Pending(), atom, constructor, word)


def _first_values(source: Value, init: Sequence[Any], place: Place) -> tuple[Const, ...] | None:
    """``init`` as constants of the type of ``source``; None, and a report, if one does not fit."""
    if source.atom is None:
        return None
    found: list[Const] = []
    for given in init:
        paired = same_type([source, value_of(given, place)], place, "a buffered stream and its first values")
        if paired is None:
            return None
        (_, first), _ = paired
        if not isinstance(first.atom, Const):
            fault(
                "I001", "a first value of `buffer` is a constant", place.span, help="give a number or a constant array"
            )
            return None
        found.append(first.atom)
    return tuple(found)
