"""Clauses whose premise is never true."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncml.pipeline import check_file
from syncml.verify import VerifyOptions, constant_conditions
from tests.verify.contracts import HEAD, replay

COUNTER = """
@node
def counter(up: Stream[bool], x: Stream[i32]) -> Stream[i32]:
    n = state(init=0)
    n.next = where(up & (n < 9), n + 1, n)
    {clause}
    return n

@node
def main(up: Stream[bool], x: Stream[i32]) -> tuple[Stream[i32], Stream[i32]]:
    return counter(up, x), counter(~up, x)
"""


@pytest.mark.parametrize(
    ("clause", "found"),
    [
        ('ensure(implies(n > 9, x > 0), "c")', ["ensure 'c' says nothing: its premise is never true"]),
        ('ensure(~(n > 9) | (x > 0), "c")', ["ensure 'c' says nothing: its premise is never true"]),
        ('mode("m", require=n > 9, ensure={"c": x > 0})', ["ensure 'm: c' says nothing: its premise is never true"]),
        ('ensure(implies(n > 8, n > 0), "c")', []),
        ('ensure(within(n < 10, 3), "c")', ["this condition is never false"]),
        ('cover(n == 10, "c")', []),
    ],
)
def test_a_clause_says_nothing_where_its_premise_is_never_true(clause: str, found: list[str], tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(HEAD + COUNTER.format(clause=clause), "utf-8")
    warnings = constant_conditions(check_file(str(path)).program, VerifyOptions(timeout=30.0), replay)
    assert [d.message for d in warnings] == found
    assert {d.code for d in warnings} <= {"V007"}
