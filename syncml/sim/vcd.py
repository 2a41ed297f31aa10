"""Traces as Value Change Dump (IEEE Std 1364-2005, section 18), for waveform viewers.

Rule: one variable for each scalar of each stream, instance paths as scopes, a value change at the tick at which the
value changes; an absent stream reads ``x`` (``string absent`` for enumerations). Enumerations are written by name as
GTKWave's string variables, floats as reals.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product, takewhile
from typing import Any

from syncml.ir.types import BIT_WIDTH, BOOL, FLOATS, MATHEMATICAL, EnumType, Scalar, element, shape
from syncml.sim.trace import Column, Trace

_FIRST, _LAST = 33, 126  # printable ASCII, the alphabet of identifier codes


def to_vcd(trace: Trace) -> bytes:
    """The trace as VCD text; one time unit is one base tick, or a nanosecond where the program has a rate."""
    tick_ns = None if trace.rate is None else int(1_000_000_000 / trace.rate)
    variables = [(c, index) for c in trace.columns for index in product(*map(range, shape(c.type)))]
    lines = ["$version syncml $end", f"$timescale {'1 ns' if tick_ns else '1 us'} $end"]
    lines += _declarations(variables)
    lines.append("$enddefinitions $end")
    last: list[str | None] = [None] * len(variables)
    for tick in range(trace.ticks):
        changes: list[str] = []
        for number, (column, index) in enumerate(variables):
            value = column.values[(tick, *index)] if column.present[tick] else None
            text = _value(column, value, _code(number))
            if text != last[number]:
                last[number] = text
                changes.append(text)
        if changes:
            lines += [f"#{tick * (tick_ns or 1)}", *changes]
    lines.append(f"#{trace.ticks * (tick_ns or 1)}")
    return ("\n".join(lines) + "\n").encode()


def _declarations(variables: Sequence[tuple[Column, tuple[int, ...]]]) -> list[str]:
    """The variables, in the order of their first stream, each scope opened once; the units as comments."""
    first: dict[tuple[str, ...], int] = {}
    for number, (column, _) in enumerate(variables):
        path = tuple(column.name.split("."))
        for depth in range(1, len(path)):
            first.setdefault(path[:depth], number)
    lines: list[str] = []
    opened: list[str] = []

    def place(number: int) -> tuple[int, ...]:
        path = variables[number][0].name.split(".")
        return (*(first[tuple(path[:depth])] for depth in range(1, len(path))), number)

    for number in sorted(range(len(variables)), key=place):
        column, index = variables[number]
        *scopes, name = column.name.split(".")
        shared = takewhile(lambda pair: pair[0] == pair[1], zip(opened, scopes, strict=False))
        common = len(list(shared))
        lines += ["$upscope $end"] * (len(opened) - common)
        lines += [f"$scope module {scope} $end" for scope in scopes[common:]]
        opened = scopes
        suffix = "".join(f"[{i}]" for i in index)
        lines.append(f"$var {_kind(column)} {_code(number)} {name}{suffix} $end")
        if column.unit and not any(index):
            lines.append(f"$comment unit of {name}: {column.unit} $end")
    return lines + ["$upscope $end"] * len(opened)


def _code(number: int) -> str:
    """The identifier code of a variable: ``number`` in base 94, digits from ``!`` to ``~``."""
    base = _LAST - _FIRST + 1
    code = ""
    while True:
        code += chr(_FIRST + number % base)
        number = number // base - 1
        if number < 0:
            return code


def _kind(column: Column) -> str:
    kind = element(column.type)
    if isinstance(kind, EnumType):
        return "string 1"
    if kind in FLOATS or kind in MATHEMATICAL:
        return "real 64"
    return "wire 1" if kind is BOOL else f"integer {BIT_WIDTH[kind]}"


def _value(column: Column, value: Any, code: str) -> str:
    kind = element(column.type)
    if isinstance(kind, EnumType):
        return f"s{'absent' if value is None else kind.constructors[int(value)]} {code}"
    if kind is BOOL:
        return f"{'x' if value is None else int(value)}{code}"
    if kind in FLOATS or kind in MATHEMATICAL:
        return f"r{'nan' if value is None else repr(float(value))} {code}"
    return f"b{'x' if value is None else _bits(int(value), kind)} {code}"


def _bits(value: int, kind: Scalar) -> str:
    return format(value & ((1 << BIT_WIDTH[kind]) - 1), "b")
