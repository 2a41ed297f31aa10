"""Inductive validity cores: what is not in one may be anything, and what is in one is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncml.pipeline import check_file
from syncml.sim.interpreter import replay
from syncml.verify import Core, Proved, Semantics, VerificationReport, VerifyOptions, verify
from syncml.verify.core import with_cores

PROGRAM = """\
from syncml import Stream, assume, ensure, f32, i32, invariant, maximum, minimum, node, state, where


@node
def main(x: Stream[f32], up: Stream[bool]) -> Stream[f32]:
    assume(x <= 5.0, "sensor")
    assume(x >= -5.0, "other side")
    level = state(init=0.0)
    level.next = minimum(level, x)
    total = state(init=0)
    total.next = where(up & (total < 9), total + 1, total)
    peak = maximum(total, 3)
    idle = x * 2.0
    invariant(total <= 9, "lemma")
    ensure(peak <= 9, "peak")
    ensure(level <= 0.0, "level")
    ensure(x < 6.0, "input")
    return idle
"""


def line(text: str) -> int:
    return next(i for i, each in enumerate(PROGRAM.splitlines(), 1) if each.strip().startswith(text))


def report(path: Path, source: str, *, proved: bool = True) -> VerificationReport:
    path.write_text(source, "utf-8")
    found = verify(check_file(str(path)).program, VerifyOptions(timeout=30.0, semantics=Semantics.REALS), replay)
    assert found.proved == proved, [(r.name, r.verdict) for r in found.results]
    return with_cores(found)


def cores(found: VerificationReport) -> dict[str, Core]:
    return {r.name: r.verdict.core for r in found.results if isinstance(r.verdict, Proved) and r.verdict.core}


def lines(core: Core) -> set[int]:
    return {span.line for span in core.equations}


def test_a_core_has_what_a_proof_needs_and_nothing_else(tmp_path: Path) -> None:
    found = report(tmp_path / "p.py", PROGRAM)
    core = cores(found)
    assert core.keys() == {r.name for r in found.results}
    assert all(c.exact and c.minimal for c in core.values())
    assert lines(core["level"]) == {line("level = "), line("level.next"), line("ensure(level")}
    assert lines(core["input"]) == {line("ensure(x <"), line("assume(x <=")}
    assert core["input"].assumptions == ("sensor",)
    assert core["level"].assumptions == ()
    assert "lemma" in core["peak"].lemmas
    assert line("peak = ") in lines(core["peak"])
    assert line("level = ") not in lines(core["peak"])
    assert [span.line for span in found.unused] == [line("assume(x >="), line("idle = ")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("idle = x * 2.0", "idle = x * 3.0 - 1.0"),
        ('assume(x >= -5.0, "other side")', 'assume(x >= -7.0, "other side")'),
    ],
)
def test_what_is_in_no_core_may_change(tmp_path: Path, old: str, new: str) -> None:
    assert old in PROGRAM
    report(tmp_path / "p.py", PROGRAM.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        ("level.next = minimum(level, x)", "level.next = maximum(level, x)", "level"),
        ("state(init=0.0)", "state(init=1.0)", "level"),
        ("(total < 9)", "(total < 99)", "peak"),
        ("maximum(total, 3)", "maximum(total, 13)", "peak"),
        ("x <= 5.0", "x <= 7.0", "input"),
    ],
)
def test_what_is_in_a_core_is_needed(tmp_path: Path, old: str, new: str, broken: str) -> None:
    assert old in PROGRAM
    found = report(tmp_path / "p.py", PROGRAM.replace(old, new), proved=False)
    assert broken in {r.name for r in found.results if not isinstance(r.verdict, Proved)}
    [changed] = [i for i, each in enumerate(PROGRAM.splitlines(), 1) if old in each]
    whole = cores(report(tmp_path / "whole.py", PROGRAM))[broken]
    assert changed in lines(whole) or whole.assumptions


def test_a_core_that_takes_too_long_is_everything_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.py"
    path.write_text(PROGRAM, "utf-8")
    found = verify(check_file(str(path)).program, VerifyOptions(timeout=30.0, semantics=Semantics.REALS), replay)
    core = cores(with_cores(found, seconds=0.0))
    assert not any(c.exact or c.minimal for c in core.values())
    exact = cores(with_cores(found))
    for name, each in exact.items():
        assert lines(each) <= lines(core[name])
        assert set(each.assumptions) <= set(core[name].assumptions)
