"""Slow calls over several ticks: `spread`.

Rule: for x on ``B every 0^p (1 0^(n-1))`` and k <= n, ``spread(f, ticks=k)(x)`` has the values of ``f(x)``, each k - 1
ticks of B later: its clock is ``B every 0^(p+k-1) (1 0^(n-1))``. The work of the call is divided among these k ticks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar, cast

from syncml.ir.clocks import Word
from syncml.ir.equations.syntax import Buffer, Call, Var
from syncml.lang.node import Node
from syncml.lang.presence import Sampled, resolve
from syncml.lang.rates import periodic
from syncml.lang.records import Record, leafwise
from syncml.lang.source import Place, here
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import POISON, Trace, Value, fault, trace_at

P = ParamSpec("P")
R = TypeVar("R")


def spread(node: Callable[P, R], /, *, ticks: int) -> Callable[P, R]:
    """The ``node``, computed in ``ticks`` parts of about equal cost, one in each tick from that of its arguments on.

    Args:
        node: What is called, on arguments that are sampled at most once in so many ticks.
        ticks: The number of ticks; the results are present in the last of them.

    Raises:
        ValueError: ``ticks`` is less than 1.
    """
    if ticks < 1:
        raise ValueError(f"spread(ticks={ticks}): at least 1")
    label = node.label if isinstance(node, Node) else "the function"

    def call(*arguments: P.args, **named: P.kwargs) -> R:
        place = here()
        trace = trace_at(place, "`spread`")
        before = len(trace.equations)
        result = cast("Any", node(*arguments, **named))
        for number in range(before, len(trace.equations)):
            equation = trace.equations[number]
            if isinstance(equation.rhs, Call):
                trace.equations[number] = replace(equation, rhs=replace(equation.rhs, spread=ticks))

        def later(part: Stream[Any]) -> Stream[Any]:
            return _later(place, trace, part, ticks, label)

        if isinstance(result, tuple):
            parts = cast("tuple[Any, ...]", result)
            return cast("R", tuple(_each(part, later) for part in parts))
        return cast("R", None if result is None else _each(result, later))

    return call


def _each(part: Any, later: Callable[[Stream[Any]], Stream[Any]]) -> Any:
    return leafwise(later, part) if isinstance(part, Record) else later(part)


def _later(place: Place, trace: Trace, result: Stream[Any], ticks: int, label: str) -> Stream[Any]:
    value = result.ir
    if value.atom is None:
        return result
    clock = None if value.presence is None else resolve(value.presence)
    start = _start(clock.word) if isinstance(clock, Sampled) and clock.word is not None else None
    if not isinstance(clock, Sampled) or start is None or start[0] < ticks or not isinstance(value.atom, Var):
        return stream(_too_often(place, ticks, label, start))
    period, phase = start
    tick = trace.wave(clock.parent, periodic(period, phase + ticks - 1), place).atom
    assert isinstance(tick, Var)
    found = Sampled(clock.parent, tick, True, periodic(period, phase + ticks - 1))
    return stream(trace.define(Buffer(value.atom, tick), value.type, place, "spread", found))


def _start(word: Word) -> tuple[int, int] | None:
    """The period and the phase of a word that ticks evenly."""
    if 1 in word.prefix or sum(word.period) != 1:
        return None
    return len(word.period), len(word.prefix) + word.period.index(1)


def _too_often(place: Place, ticks: int, label: str, start: tuple[int, int] | None) -> Value:
    often = "on a clock that does not tick evenly" if start is None else f"once in {start[0]} ticks"
    fault(
        "C011",
        f"`{label}` is called {often}, and spread over {ticks}",
        place.span,
        help=f"call it at most once in {ticks} ticks: sample its arguments, `sample(x, every({ticks}))`",
    )
    return POISON
