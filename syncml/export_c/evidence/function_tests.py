"""A program that calls each inline function of the exported code with chosen arguments and knows the results.

Rule: the program includes the exported source, so it tests the functions that ship, also where no run of the node
reaches a decision in them (a NaN that the node keeps away from a ``tanh``). Results were computed at export time: those
of pure functions by the evaluator of the simulator, those of integer helpers by `helper_values`. Bits are compared, but
any NaN equals any NaN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from syncml.dataclass import dataclass
from syncml.export_c.draft import Draft
from syncml.export_c.evidence.helper_values import helper_cases, helper_types
from syncml.export_c.helpers import HELPERS
from syncml.export_c.scalars import c_type, machine_scalar
from syncml.ir.constants import dtype
from syncml.ir.elementary import evaluate
from syncml.ir.step.syntax import Function
from syncml.ir.types import BIT_WIDTH, FLOATS, MACHINE_INTEGERS, Element, Scalar, element, integer_range

_INLINE = re.compile(r"static inline \w+ (\w+)\(")

_MAGNITUDES = (
    0.0, 5e-324, 1e-42, 1.17549435e-38, 1e-10, 1e-4, 0.01, 0.1, 0.3, 0.5, 0.625, 0.7, 0.8, 0.9, 0.95, 1.0, 1.3, 1.5,
    1.75, 2.0, 2.5, 3.0, 3.2, 4.0,
    5.5, 7.0, 8.7, 9.5, 10.5, 16.0, 19.0, 20.5, 23.0, 25.0, 33.0, 37.5, 41.0, 60.0, 87.0, 89.0,
    104.0, 106.0, 300.0, 709.0, 711.0, 745.0, 750.0, 1000.0, 65535.5, 8388609.0, 2147483647.0, 4294967296.0, 1e10,
    9.3e18, 1e20, 1e30, 3.0e38, 1e100, 1.7e308, float("inf"),
)  # fmt: skip
_FEW = (0.0, 1e-40, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 10.5, 100.0, 1e10, 3.0e38, float("inf"))


@dataclass(frozen=True, slots=True)
class _Suite:
    """The cases of one function, as bits."""

    name: str
    parameters: tuple[Scalar, ...]
    result: Scalar
    rows: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class FunctionTests:
    """The program and the number of calls that it makes; ``untested`` are functions whose domain is not known here."""

    text: str
    cases: int
    untested: tuple[str, ...]


def function_tests(draft: Draft) -> FunctionTests:
    """The test program of a package's inline functions."""
    printed = [m.group(1) for line in draft.code[f"src/{draft.node}.c"] if (m := _INLINE.match(line.text))]
    pure = {name: each for each, name in draft.plan.functions.items()}
    suites: list[_Suite] = []
    untested: list[str] = []
    for name in printed:
        if name in HELPERS:
            suites.append(_of_helper(name))
        elif name in pure and (suite := _of_function(name, pure[name])) is not None:
            suites.append(suite)
        else:
            untested.append(name)
    text = "\n".join(
        _program(f"Values of the inline functions of node {draft.label}.", f"../src/{draft.node}.c", suites)
    )
    return FunctionTests(f"{text}\n", sum(len(s.rows) for s in suites), tuple(untested))


def _of_helper(name: str) -> _Suite:
    parameters, result = helper_types(name)
    rows = [(*map(_bits, arguments, parameters), _bits(value, result)) for arguments, value in helper_cases(name)]
    return _Suite(name, parameters, result, tuple(rows))


def _of_function(name: str, each: Function) -> _Suite | None:
    """The cases of a pure function; None where an argument may be an index, whose range is the caller's to keep."""
    kinds = [machine_scalar(element(p.type)) for p in each.parameters]
    if not kinds or (each.tables and any(kind not in FLOATS for kind in kinds)):
        return None
    columns = [
        np.array(column, dtype(kind)) for kind, column in zip(kinds, zip(*_arguments(kinds), strict=True), strict=True)
    ]
    with np.errstate(all="ignore"):
        values: Any = evaluate(each, *columns)
    result = machine_scalar(each.result.type)
    values = np.broadcast_to(np.asarray(values, dtype(result)), columns[0].shape)
    rows = [
        (*(_bits(column[k], kind) for column, kind in zip(columns, kinds, strict=True)), _bits(values[k], result))
        for k in range(len(values))
    ]
    return _Suite(name, tuple(kinds), result, tuple(rows))


def _arguments(kinds: Sequence[Scalar]) -> list[tuple[Any, ...]]:
    return list(product(*(_pool(kind, many=len(kinds) == 1, few=len(kinds) > 2) for kind in kinds)))


def _pool(kind: Scalar, *, many: bool, few: bool) -> list[Any]:
    """Arguments for one parameter; special values, limits, and both signs of numbers of many magnitudes."""
    if kind is Scalar.BOOL:
        return [False, True]
    if kind in MACHINE_INTEGERS:
        low, high = integer_range(kind)
        some = [low, high, 0, 1, 2, 7, high // 2, *([-1, -3] if low < 0 else [])]
        return some[:4] if few else some
    magnitudes = _MAGNITUDES if many else _FEW[::3] if few else _FEW
    with np.errstate(over="ignore"):
        found = [dtype(kind).type(sign * x) for x in magnitudes for sign in (1.0, -1.0)]
    return [*found, dtype(kind).type("nan")]


def _bits(value: Any, kind: Scalar) -> int:
    if kind is Scalar.BOOL:
        return int(bool(value))
    array = np.array(value, dtype(kind))
    return int(array.view(np.dtype(f"u{array.dtype.itemsize}"))[()])


def _program(title: str, included: str, suites: Sequence[_Suite]) -> Iterator[str]:
    yield f"/* {title} Generated by syncml; do not edit. Exit code 0: all are as computed at export; 1: not. */"
    yield f'#include "{included}"'
    yield ""
    yield "#include <inttypes.h>"
    yield "#include <stdio.h>"
    yield "#include <string.h>"
    kinds = sorted({k for s in suites for k in (*s.parameters, s.result)}, key=lambda k: k.value)
    for kind in kinds:
        yield from _conversions(kind, {s.result for s in suites}, {k for s in suites for k in s.parameters})
    for suite in suites:
        yield from _suite(suite)
    yield ""
    yield "int main(void)"
    yield "{"
    yield "    unsigned long failed = 0UL;"
    for suite in suites:
        yield f"    failed += check_{suite.name}();"
    yield '    (void)printf("%lu values differ\\n", failed);'
    yield "    return (failed == 0UL) ? 0 : 1;"
    yield "}"


def _conversions(kind: Scalar, results: set[Scalar], parameters: set[Scalar]) -> Iterator[str]:
    ctype, width = c_type(kind), 8 if kind is Scalar.BOOL else BIT_WIDTH[kind]
    raw = f"uint{width}_t"
    if kind in parameters:
        yield ""
        yield f"static {ctype} {kind}_of(uint64_t bits)"
        yield "{"
        if kind is Scalar.BOOL:
            yield "    return bits != 0U;"
        else:
            yield f"    const {raw} low = ({raw})bits;"
            yield f"    {ctype} value;"
            yield "    (void)memcpy(&value, &low, sizeof(value));"
            yield "    return value;"
        yield "}"
    if kind in results:
        yield ""
        yield f"static uint64_t bits_of_{kind}({ctype} value)"
        yield "{"
        if kind is Scalar.BOOL:
            yield "    return value ? 1U : 0U;"
        else:
            yield f"    {raw} bits;"
            yield "    (void)memcpy(&bits, &value, sizeof(bits));"
            # Any NaN is one NaN.
            yield (
                "    return (value != value) ? UINT64_MAX : (uint64_t)bits;"
                if kind in FLOATS
                else "    return (uint64_t)bits;"
            )
        yield "}"


def _suite(suite: _Suite) -> Iterator[str]:
    count, width = len(suite.rows), len(suite.parameters) + 1
    yield ""
    yield f"static const uint64_t cases_{suite.name}[{count}][{width}] = {{"
    for row in suite.rows:
        *arguments, result = row
        yield "    {" + ", ".join(f"UINT64_C(0x{x:X})" for x in (*arguments, _canonical(result, suite.result))) + "},"
    yield "};"
    yield ""
    yield f"static unsigned long check_{suite.name}(void)"
    yield "{"
    yield "    unsigned long failed = 0UL;"
    yield f"    for (size_t k = 0U; k < {count}U; k++) {{"
    yield f"        const uint64_t *const row = cases_{suite.name}[k];"
    arguments = ", ".join(f"{kind}_of(row[{i}])" for i, kind in enumerate(suite.parameters))
    yield f"        const uint64_t computed = bits_of_{suite.result}({suite.name}({arguments}));"
    yield f"        if (computed != row[{width - 1}]) {{"
    yield "            failed++;"
    yield f'            (void)printf("{suite.name}: case %lu: 0x%" PRIx64 ", not 0x%" PRIx64 "\\n", (unsigned long)k,'
    yield f"                         computed, row[{width - 1}]);"
    yield "        }"
    yield "    }"
    yield "    return failed;"
    yield "}"


def _canonical(bits: int, kind: Element) -> int:
    if kind not in FLOATS:
        return bits
    exponent = {Scalar.F32: 0x7F800000, Scalar.F64: 0x7FF0000000000000}[Scalar(kind)]
    magnitude = bits & {Scalar.F32: 0x7FFFFFFF, Scalar.F64: 0x7FFFFFFFFFFFFFFF}[Scalar(kind)]
    return (1 << 64) - 1 if magnitude > exponent else bits
