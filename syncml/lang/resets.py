"""Resets: memory that starts again where a condition is true.

Rule: ``with reset_every(c):`` makes each delay, state, word and instance of its block ``.. every c``: where c is true,
they are as at the first instant, before they are read. ``f.reset_every(c)(x)`` is ``f(x)`` in such a block. Blocks
nest: what is inside is reset by all of them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from syncml.ir.equations.syntax import Apply, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL
from syncml.lang.operations import value_of
from syncml.lang.source import here, inner
from syncml.lang.trace import fault, trace_at
from syncml.lang.types import type_text

if TYPE_CHECKING:
    from syncml.lang.stream import Stream


class reset_every(AbstractContextManager[None]):  # noqa: N801
    """Put the memory that the block makes back to its first value wherever ``condition`` is true.

    Args:
        condition: A stream of Booleans on the clock of the block, or on a faster one. It is read in the same instant,
            before the memory is.
    """

    def __init__(self, condition: Stream[bool]) -> None:
        place = here()
        trace = trace_at(place, "`reset_every`")
        value = value_of(condition, place)
        if value.atom is not None and value.type != BOOL:
            value = fault("T006", f"the condition of a reset is {type_text(value.type)}, not bool", place.span,
                          secondary=value.label(), help="compare it with something")  # fmt: skip
        if value.atom is not None and not isinstance(value.atom, Var):
            value = trace.define(Apply(Op.COPY, (value.atom,)), BOOL, inner(place), "reset", None)
        reset = (value.atom,) if isinstance(value.atom, Var) else ()
        self._block = trace.resetting((*trace.resets, *reset))

    def __enter__(self) -> None:
        self._block.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._block.__exit__(kind, value, traceback)
