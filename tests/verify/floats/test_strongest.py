"""The default semantics: a proof for machine floats where it is shown, else the one over the reals, which says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from syncml.cli.summary import rounded_down
from syncml.pipeline import check_file
from syncml.sim.interpreter import replay
from syncml.verify import Proved, Result, Semantics, Unknown, VerificationReport, VerifyOptions, Violated, verify
from syncml.verify.floats.exactness import Exactness
from syncml.verify.instrument import instrumented
from syncml.verify.judge import VACUOUS

HEAD = "from syncml import Stream, assume, clip, ensure, f32, i32, node, require, state, where\n\n\n"

LIMITER = """
@node
def main(wish: Stream[f32]) -> Stream[f32]:
    last = state(init=0.0)
    command = clip(wish, last - 0.4, last + 0.4)
    last.next = command
    ensure(command - last <= 0.4, "difference")
    ensure(command <= last + 0.4, "sum")
    return command
"""

UNBOUNDED = """
@node
def main(x: Stream[f32]) -> Stream[f32]:
    y = ((((x + 1.0) * 3.0 + 1.0) * 3.0 + 1.0) * 3.0 + 1.0) * 3.0 + 1.0
    ensure(y * y >= 0.0, "square")
    return x
"""

ABSTRACT = """
@node(abstract=True)
def wide(x: Stream[f32]) -> Stream[f32]:
    y = x * 3.0
    ensure(y - x - x <= 1.0, "promise")
    return y


@node
def main(x: Stream[f32]) -> Stream[f32]:
    assume((x >= 0.1) & (x <= 1.0), "range")
    y = wide(clip(x, 0.0, 1.0))
    ensure(y <= x + x + 1.0, "from the promise")
    ensure(clip(y, 0.0, 5.0) <= 5.0, "by itself")
    return y
"""

WHOLE = """
@node
def main(go: Stream[bool]) -> Stream[i32]:
    n = state(init=0)
    n.next = where(go & (n < 9), n + 1, n)
    ensure(n <= 9, "at most nine")
    return n
"""

ABSORBED = """
@node
def main(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -8.0) & (x <= 8.0), "range")
    assume(x + 1.0 >= 1.0, "not negative")
    ensure(x >= 0.0, "at least zero")
    return x
"""

CONTRADICTORY = """
@node
def main(x: Stream[f32]) -> Stream[f32]:
    assume((x <= 50.0) & (x >= 60.0), "sensor")
    y = clip(x, 0.0, 9.0)
    ensure(y <= 9.0, "nine")
    return 1.0 / (1.0 + y)
"""


def report_of(
    folder: Path, text: str, semantics: Semantics = Semantics.STRONGEST, cache: Path | None = None
) -> VerificationReport:
    path = folder / "program.py"
    path.write_text(HEAD + text.lstrip(), "utf-8")
    options = VerifyOptions(timeout=60.0, jobs=1, semantics=semantics, explain=False, cache=cache)
    return verify(check_file(str(path)).program, options, replay)


def floats(report: VerificationReport) -> dict[str, str]:
    return {r.name: r.verdict.floats for r in report.results if isinstance(r.verdict, Proved)}


def named(report: VerificationReport, name: str) -> Result:
    return next(r for r in report.results if r.name == name)


def test_what_rounding_breaks_is_violated_and_what_it_keeps_is_proved_for_the_machine(tmp_path: Path) -> None:
    report = report_of(tmp_path, LIMITER)
    broken = named(report, "difference").verdict
    assert isinstance(broken, Violated)
    assert broken.rounding
    assert floats(report) == {"sum": "machine"}
    assert report.exit_code == 1
    reals = report_of(tmp_path, LIMITER, Semantics.REALS)
    assert floats(reals) == {"sum": "reals", "difference": "reals"}
    assert all(r.verdict.raising == "" for r in reals.results if isinstance(r.verdict, Proved))


def test_a_proof_over_the_reals_stands_and_says_why_it_is_no_more(tmp_path: Path) -> None:
    report = report_of(tmp_path, UNBOUNDED)
    proof = named(report, "square").verdict
    if isinstance(proof, Violated):
        # The square of what overflows is infinite, and that is not less than zero.
        raise AssertionError(proof)
    assert isinstance(proof, Proved)
    assert report.exit_code == 0
    assert [r.kind for r in report.results] == ["ensure"]
    if proof.floats == "reals":
        assert "finite:" in proof.raising


def test_what_uses_a_contract_that_is_not_shown_for_machine_floats_is_not_either(tmp_path: Path) -> None:
    report = report_of(tmp_path, ABSTRACT)
    promise = named(report, "promise").verdict
    # Without bounds of its input the product of the node may be infinite.
    assert isinstance(promise, Violated) or (isinstance(promise, Proved) and promise.floats == "reals")
    by_contract = named(report, "from the promise").verdict
    assert not isinstance(by_contract, Proved) or by_contract.floats == "reals"


def test_without_floats_nothing_is_tried(tmp_path: Path) -> None:
    report = report_of(tmp_path, WHOLE)
    assert report.exit_code == 0
    assert set(floats(report).values()) == {""}


def test_where_no_run_meets_the_assumptions_ranges_prove_nothing(tmp_path: Path) -> None:
    report = report_of(tmp_path, CONTRADICTORY)
    assert {r.name for r in report.results} >= {"nine"}
    for result in report.results:
        assert isinstance(result.verdict, Unknown), result.name
        assert result.verdict.reason == VACUOUS
    assert report.exit_code != 0


def test_an_assumption_that_rounds_lets_no_proof_over_the_reals_count_for_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "absorbed.py"
    path.write_text(HEAD + ABSORBED.lstrip(), "utf-8")
    program = check_file(str(path)).program
    checked, ranges = instrumented(program.node(program.main))
    assert ranges is not None
    (clause,) = (p.holds for p in checked.node.properties if p.name == "at least zero")
    assert not Exactness(checked.node, ranges).holds(clause)
    assert floats(report_of(tmp_path, ABSORBED, Semantics.MACHINE)) == {}
    assert isinstance(named(report_of(tmp_path, ABSORBED), "at least zero").verdict, Violated)


def test_what_was_tried_in_vain_is_not_tried_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = named(report_of(tmp_path, UNBOUNDED, cache=cache), "square").verdict
    again = named(report_of(tmp_path, UNBOUNDED, cache=cache), "square").verdict
    assert isinstance(first, Proved)
    assert isinstance(again, Proved)
    assert (first.floats, again.floats) == ("reals", "reals")
    assert again.raising == f"{first.raising} (from cache)"
    for entry in cache.rglob("failures/*/*.json"):
        entry.write_text("{}", "utf-8")
    damaged = named(report_of(tmp_path, UNBOUNDED, cache=cache), "square").verdict
    assert isinstance(damaged, Proved)
    assert "cache" not in damaged.raising


FILTER = """
@node
def main(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -1.0) & (x <= 1.0), "range")
    y = state(init=0.0)
    y.next = clip(0.5 * y + 0.5 * x, -2.0, 2.0)
    ensure((y <= 1.5) & (y >= -3.0), "by half")
    ensure(y <= 1.0, "by nothing")
    ensure((y <= 1.5) | (x > 0.0), "of another form")
    return y
"""


def test_a_margin_is_never_shown_as_more_than_it_is() -> None:
    assert [rounded_down(x) for x in (0.00100004673, 0.49999999, 1.5, 12345.0)] == [
        "0.001",
        "0.4999",
        "1.5",
        "1.234e+4",
    ]


def test_the_margin_is_what_the_ranges_of_the_machine_leave(tmp_path: Path) -> None:
    report = report_of(tmp_path, FILTER)
    proofs = {r.name: r.verdict for r in report.results if isinstance(r.verdict, Proved)}
    assert {name for name, proof in proofs.items() if proof.floats == "machine"} == set(proofs) == {
        "by half", "by nothing", "of another form",
    }  # fmt: skip
    margin = proofs["by half"].margin
    assert margin is not None
    assert 0.49 < margin <= 0.5
    assert proofs["by nothing"].margin is None
    assert proofs["of another form"].margin is None
    reals = report_of(tmp_path, FILTER, Semantics.REALS)
    assert all(r.verdict.margin is None for r in reals.results if isinstance(r.verdict, Proved))


def test_a_violation_in_floats_may_be_handed_a_vector_of_constructors() -> None:
    """Of a switch for each element: the run that overflows has a constructor for each."""
    program = Path(__file__).parents[2] / "accept" / "combined_switches_in_each.py"
    options = VerifyOptions(timeout=30.0, semantics=Semantics.MACHINE, explain=False)
    found = verify(check_file(str(program)).program, options, replay)
    broken = [r.verdict.counterexample for r in found.results if isinstance(r.verdict, Violated)]
    assert broken
    assert all(set(np.ravel(instant)) <= {"A", "B", "C"} for each in broken for instant in each.inputs["m"])
