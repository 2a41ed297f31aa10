"""When a verification ends: what the user stated gets all the time, checks that nobody states do not."""

from __future__ import annotations

from typing import Any

import pytest

from syncml.ir.types import BOOL, I32
from syncml.verify import Proved, Semantics, Unknown, VerifyOptions, Violated, verify
from syncml.verify import session as sessions
from syncml.verify.judge import ABANDONED
from syncml.verify.session import Session
from tests.verify.build import Builder, Op
from tests.verify.test_verify import replay

CHECK = "overflow:more"
"""No run breaks it that anybody finds, and no proof exists."""


def counting() -> Builder:
    """A counter without end, whose overflow is too far away, beside one that ends."""
    b = Builder()
    go = b.input("go", BOOL)
    total, few = b.state("total", I32, 0), b.state("few", I32, 0)
    b.next(total, b.op(Op.WHERE, go, b.op(Op.ADD, total, 1, name="more"), total))
    b.next(few, b.op(Op.WHERE, b.op(Op.LT, few, 5), b.op(Op.ADD, few, 1), few))
    b.claim("few", b.op(Op.LE, few, 5))
    return b


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The rounds of engines, which take no time and show nothing."""
    made: list[float] = []
    monkeypatch.setattr(Session, "_round", lambda _, seconds: made.append(seconds))
    return made


def verdicts(builder: Builder, **options: Any) -> dict[str, Any]:
    given = VerifyOptions(**{"timeout": 60.0, "semantics": Semantics.REALS, "engines": ("induction",), **options})
    return {r.name: r.verdict for r in verify(builder.program(), given, replay).results}


def test_a_check_that_nobody_states_gets_one_round_that_shows_nothing(rounds: list[float]) -> None:
    found = verdicts(counting())
    assert isinstance(found["few"], Proved)
    check = found[CHECK]
    assert isinstance(check, Unknown)
    assert check.reason == ABANDONED
    assert "--property" in check.advice
    assert check.depth > 0
    assert len(rounds) == 1


def test_a_check_that_is_asked_for_by_name_gets_all_rounds(rounds: list[float]) -> None:
    found = verdicts(counting(), properties=(CHECK, "few"))
    assert isinstance(found["few"], Proved)
    assert isinstance(found[CHECK], Unknown)
    assert found[CHECK].reason != ABANDONED
    assert len(rounds) == len(sessions.ROUNDS)


def test_where_nothing_is_stated_checks_are_what_is_asked_for(rounds: list[float]) -> None:
    b = counting()
    b.properties.clear()
    found = verdicts(b)
    assert isinstance(found[CHECK], Unknown)
    assert found[CHECK].reason != ABANDONED
    assert len(rounds) == len(sessions.ROUNDS)


def test_what_rests_on_a_check_is_not_settled_without_it(rounds: list[float]) -> None:
    """Over the integers it is proved at once; that the counter does not wrap is not."""
    b = counting()
    total = next(v for v in b.clocks if v.name == "total")
    b.claim("not below zero", b.op(Op.GE, total, 0))
    found = verdicts(b)
    assert isinstance(found["not below zero"], Unknown)
    assert found[CHECK].reason != ABANDONED
    assert len(rounds) >= len(sessions.ROUNDS)


def test_a_round_that_shows_something_is_followed_by_another(
    rounds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first two rounds decide a check each, the third one none."""

    def showing(self: Session, seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) < 3:
            self._take({"event": "proved", "goals": self.open()[:1], "method": "a round", "k": 1, "using": []})

    monkeypatch.setattr(Session, "_round", showing)
    b = counting()
    for name in ("second", "third"):
        state = b.state(name, I32, 0)
        b.next(state, b.op(Op.ADD, state, 1))
    found = verdicts(b)
    assert [v.reason for v in found.values() if isinstance(v, Unknown)] == [ABANDONED]
    assert len(rounds) == 3


def test_a_violated_clause_is_settled(rounds: list[float]) -> None:
    b = counting()
    few = next(v for v in b.clocks if v.name == "few")
    b.claim("fewer", b.op(Op.LE, few, 3))
    found = verdicts(b)
    assert isinstance(found["fewer"], Violated)
    assert found[CHECK].reason == ABANDONED
    assert len(rounds) == 1
