"""The operators of each dialect and how they bind.

Rule: of two operators next to an operand, the one of the higher priority takes it; of equals the left one, but for
those that are right associative.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncml.dataclass import dataclass
from syncml.lustre.tokens import Dialect, words


@dataclass(frozen=True, slots=True)
class Priorities:
    """The grammar of operators of a dialect: priorities of binary ones, of prefixes, of ``when`` and of the others."""

    binary: Mapping[str, int]
    right: frozenset[str]
    prefix: Mapping[str, int]
    when: int
    otherwise: int
    power: int
    element: int


def _levels(*rows: str) -> dict[str, int]:
    return {op: level for level, row in enumerate(rows, 1) for op in row.split()}


_CASTS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64"
CONVERSIONS = frozenset(f"int real float32 float64 {_CASTS}".split())
"""Names of types that convert an expression behind them."""

_V6 = _levels("|", "->", "", "=>", "or xor", "and", "= <> < <= > >=", "", "+ -", "* / % mod div", "**", "", "", "", "^",
              "", "", "fby")  # fmt: skip
_KIND2 = _levels("|", "", "->", "=>", "or xor", "and", "", "= <> < <= > >=", "+ -", "* / div mod", "", "", "", "",
                 "", "", "", "", "^")  # fmt: skip
_VELUS = _levels("", "", "->", "=>", "or", "xor", "and", "= <>", "< <= > >=", "", "+ -", "* / mod", "fby")
_CAST_PREFIX = dict.fromkeys(_CASTS.split(), 0)

PRIORITIES = {
    Dialect.V6: Priorities(
        _V6, frozenset({"=>", "fby"}),
        {"not": 8, "-": 14, "pre": 14, "current": 14, "int": 13, "real": 13, "last": 14, **_CAST_PREFIX},
        12, 0, 15, 16,
    ),
    Dialect.KIND2: Priorities(
        _KIND2, frozenset({"->", "=>"}),
        {"not": 17, "-": 9, "pre": 15, "current": 1, "int": 16, "real": 16, "last": 15, **_CAST_PREFIX},
        1, 2, 19, 20,
    ),
    Dialect.VELUS: Priorities(
        _VELUS, frozenset({"->", "=>", "fby"}),
        {"not": 14, "-": 14, "pre": 14, "current": 14, "int": 14, "real": 14, "last": 14, **_CAST_PREFIX},
        10, 0, 15, 15,
    ),
}  # fmt: skip
OPERATORS = words("+ - * / % ** and or xor not => = <> < <= > >= div mod if pre fby -> current")
"""Operators that a static argument may be."""
