"""Temporal forms against their definitions over finite traces, in the interpreter and compiled."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncml import (
    Hz,
    Stream,
    changed,
    fell,
    historically,
    implies,
    leads_to,
    ms,
    node,
    once,
    rose,
    since,
    within,
)
from syncml.lang.load import program_of
from syncml.pipeline import Checked, check
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.verify.contracts import decide, verdicts

B = Stream[bool]
Bools = list[bool]
Definition = Callable[[Bools, Bools, int, int], bool]
"""Of p and q, whether the form with the bound n is true at t."""


def _once(p: Bools, q: Bools, n: int, t: int) -> bool:
    return any(p[u] for u in range(t + 1))


def _historically(p: Bools, q: Bools, n: int, t: int) -> bool:
    return all(p[u] for u in range(t + 1))


def _since(p: Bools, q: Bools, n: int, t: int) -> bool:
    return any(q[u] and all(p[v] for v in range(u + 1, t + 1)) for u in range(t + 1))


def _once_within(p: Bools, q: Bools, n: int, t: int) -> bool:
    return any(p[u] for u in range(max(0, t - n), t + 1))


def _historically_within(p: Bools, q: Bools, n: int, t: int) -> bool:
    return all(p[u] for u in range(max(0, t - n), t + 1))


def _since_within(p: Bools, q: Bools, n: int, t: int) -> bool:
    return any(q[u] and all(p[v] for v in range(u + 1, t + 1)) for u in range(max(0, t - n), t + 1))


def _leads_to(p: Bools, q: Bools, n: int, t: int) -> bool:
    return all(not p[u] or any(q[v] for v in range(u, t + 1)) for u in range(t - n + 1))


def _within(p: Bools, q: Bools, n: int, t: int) -> bool:
    return all(any(q[v] for v in range(u, t + 1)) for u in range(t - n + 1))


def _rose(p: Bools, q: Bools, n: int, t: int) -> bool:
    return t > 0 and p[t] and not p[t - 1]


def _fell(p: Bools, q: Bools, n: int, t: int) -> bool:
    return t > 0 and not p[t] and p[t - 1]


def _changed(p: Bools, q: Bools, n: int, t: int) -> bool:
    return t > 0 and p[t] != p[t - 1]


DEFINITIONS: dict[str, Definition] = {
    "o": _once, "h": _historically, "s": _since, "od": _once_within, "hd": _historically_within, "sd": _since_within,
    "ld": _leads_to, "wd": _within, "up": _rose, "down": _fell, "moved": _changed,
}  # fmt: skip


@cache
def program(n: int) -> Checked:
    @node(rate=Hz(100))
    def forms(p: B, q: B) -> tuple[B, B, B, B, B, B, B, B, B, B, B]:
        o, h, s = once(p), historically(p), since(p, q)
        od, hd, sd = once(p, within=ms(10 * n)), historically(p, within=n), since(p, q, within=ms(10 * n))
        ld, wd = leads_to(p, q, within=ms(10 * n)), implies(True, within(q, n))
        up, down, moved = rose(p), fell(p), changed(p)
        return o, h, s, od, hd, sd, ld, wd, up, down, moved

    return check(program_of(forms))


TRACES = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=24)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@given(trace=TRACES)
def test_a_form_is_what_its_definition_says(n: int, trace: list[tuple[bool, bool]]) -> None:
    p, q = [each[0] for each in trace], [each[1] for each in trace]
    found = interpret(program(n).program, {"p": p, "q": q}, len(trace)).trace
    for name, definition in DEFINITIONS.items():
        expected = [definition(p, q, n, t) for t in range(len(trace))]
        assert found.column(name).values.tolist() == expected, name


@pytest.mark.parametrize("n", [2, 300])
def test_compiled_code_has_the_same_forms(n: int) -> None:
    """300 does not fit the narrowest counter."""
    chance = random.Random(n)
    inputs = {name: [chance.random() < min(0.5, 2 / n) for _ in range(2000)] for name in "pq"}
    expected = interpret(program(n).program, inputs, 2000).trace.only(tuple(DEFINITIONS))
    found = compile_program(program(n).program).run(inputs, 2000).only(tuple(DEFINITIONS))
    assert first_difference(expected, found) is None
    assert {bool(v) for name in ("od", "sd", "ld") for v in expected.column(name).values} == {False, True}


ANSWER = """
@node(rate=Hz(100))
def answer(asked: Stream[bool]) -> Stream[bool]:
    busy = state(init=False)
    waited = state(init=0, type=i8)
    done = busy & (waited >= 2)
    busy.next = (busy | asked) & ~done
    waited.next = where(busy & ~done, clip(waited + 1, 0, 3), 0)
    {claim}
    return done
"""


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ('ensure(leads_to(asked & ~busy, done, within=ms(300)), "p")', "proved"),
        ('ensure(leads_to(asked & ~busy, done, within=ms(30)), "p")', "proved"),
        ('ensure(leads_to(asked & ~busy, done, within=ms(20)), "p")', "violated"),
        ('ensure(implies(asked & ~busy, within(done, 3)), "p")', "proved"),
        ('ensure(within(~done, 1), "p")', "proved"),
        ('ensure(within(done, ms(100)), "p")', "violated"),
        ('ensure(implies(done, once(asked, within=ms(20))), "p")', "violated"),
        ('ensure(implies(done, once(asked)), "p"); invariant(implies(busy, once(asked)))', "proved"),
        ('ensure(implies(done, historically(busy, within=ms(20))), "p")', "proved"),
        ('ensure(implies(done, historically(busy, within=ms(30))), "p")', "violated"),
        ('ensure(implies(busy & ~done, since(~done, asked)), "p")', "proved"),
        ('ensure(implies(busy & ~done, since(~done, asked, within=ms(10))), "p")', "violated"),
        ('ensure(always(implies(done, ~pre(done, init=False))), "p")', "proved"),
        ('ensure(implies(historically(~asked), always(~done)), "p")', "violated"),
        ('ensure(implies(done, fell(~done)), "p")', "proved"),
        ('ensure(implies(changed(waited), busy | pre(busy, init=False)), "p")', "proved"),
    ],
)
def test_typical_forms_are_decided(claim: str, expected: str, tmp_path: Path) -> None:
    found = verdicts(decide(tmp_path, ANSWER.format(claim=claim)))
    assert found["p"] == expected
    assert set(found.values()) <= {"proved", expected}


def test_a_time_is_counted_in_periods_of_the_clock_of_the_operands(tmp_path: Path) -> None:
    text = """
@node(rate=Hz(100))
def main(p: Stream[bool]) -> Stream[bool]:
    slow = sample(p, to=Hz(10))
    ensure(once(slow, within=ms(300)) == once(slow, within=3), "three")
    ensure(once(p, within=ms(300)) == once(p, within=30), "thirty")
    return p
"""
    assert set(verdicts(decide(tmp_path, text)).values()) == {"proved"}


def test_the_past_begins_anew_where_a_node_is_reset(tmp_path: Path) -> None:
    text = """
@node
def watch(p: Stream[bool]) -> tuple[Stream[bool], Stream[bool]]:
    return once(p), once(p, within=2)

@node
def main(p: Stream[bool], r: Stream[bool]) -> Stream[bool]:
    ever, lately = watch.reset_every(r)(p)
    ensure(implies(r, ever == p), "ever")
    ensure(implies(r, lately == p), "lately")
    return ever
"""
    assert set(verdicts(decide(tmp_path, text)).values()) == {"proved"}
