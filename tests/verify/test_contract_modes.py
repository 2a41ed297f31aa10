"""Modes of a contract: guarantees, exhaustiveness, modes that are never active, callers that rest on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncml.cli.verdicts import diagnostics_of
from tests.verify.contracts import decide, verdicts

LIMITED = """
@node{options}
def limited(x: Stream[f32]) -> Stream[f32]:
    y = clip(x, -1.0, 1.0)
    mode("inside", require=abs(x) < {bound}, ensure={{"same": y == x}}, req="SR-1")
    mode("above", require=x >= 1.0, ensure={{"limit": y == 1.0}})
    mode("below", require=x <= -1.0, ensure={{"limit": y == -1.0}})
    return y
"""


def test_each_mode_promises_what_it_says_and_is_reached(tmp_path: Path) -> None:
    report = decide(tmp_path, LIMITED.format(options="", bound=1.0))
    assert verdicts(report) == {
        "inside": "reached", "inside: same": "proved", "above": "reached", "above: limit": "proved",
        "below": "reached", "below: limit": "proved", "some mode applies": "proved",
    }  # fmt: skip
    assert report.exit_code == 0
    assert {r.requirement for r in report.results if r.name.startswith("inside")} == {"SR-1"}


def test_a_mode_that_promises_too_much_is_violated(tmp_path: Path) -> None:
    found = verdicts(decide(tmp_path, LIMITED.format(options="", bound=2.0)))
    assert found["inside: same"] == "violated"
    assert found["above: limit"] == "proved"


def test_a_gap_between_the_modes_is_shown(tmp_path: Path) -> None:
    report = decide(tmp_path, LIMITED.format(options="", bound=0.5))
    assert verdicts(report)["some mode applies"] == "violated"
    assert report.exit_code == 1


def test_the_rest_is_a_mode_without_a_condition(tmp_path: Path) -> None:
    text = LIMITED.format(options="", bound=0.5).replace("    return", '    mode("rest", ensure=y == x)\n    return')
    found = verdicts(decide(tmp_path, text))
    assert found["rest"] == "reached"
    assert found["rest: y == x"] == "proved"
    assert "some mode applies" not in found


@pytest.mark.parametrize("assumption", ["x < 1.0", "once(x < 1.0)"])
def test_a_mode_that_is_never_active_is_a_warning(assumption: str, tmp_path: Path) -> None:
    text = LIMITED.format(options="", bound=1.0).replace("    y =", f"    assume({assumption})\n    y =")
    report = decide(tmp_path, text)
    reachable = assumption != "x < 1.0"
    assert verdicts(report)["above"] == ("reached" if reachable else "unreachable")
    found = [(d.code, d.severity.value) for d in diagnostics_of(report)]
    assert found == ([] if reachable else [("V010", "warning")])
    assert report.exit_code == 0


CALLER = """
@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    y, half = limited(x), limited(x * 0.0)
    ensure((y <= 1.0) & (y >= -1.0), "within")
    ensure(implies(abs(x) < 1.0, y == x), "same")
    return y, half
"""


@pytest.mark.parametrize("options", ["", "(abstract=True)"])
def test_a_caller_may_rest_on_the_modes(options: str, tmp_path: Path) -> None:
    """The second instance is in one mode only; that is no fault of the node."""
    report = decide(tmp_path, LIMITED.format(options=options, bound=1.0) + CALLER)
    found = verdicts(report)
    assert found["within"] == found["same"] == "proved"
    assert report.exit_code == 0
    assert not diagnostics_of(report)


def test_the_modes_of_an_abstract_node_have_to_be_exhaustive_to_be_rested_on(tmp_path: Path) -> None:
    found = verdicts(decide(tmp_path, LIMITED.format(options="(abstract=True)", bound=0.5) + CALLER))
    assert found["some mode applies"] == "violated"
    assert found["within"] == "unknown"


def test_a_mode_that_takes_long_to_reach_does_not_hold_up_the_rest(tmp_path: Path) -> None:
    report = decide(
        tmp_path,
        """
@node
def late(tick: Stream[bool]) -> Stream[i32]:
    n = state(init=0)
    n.next = where(n < 100000, n + 1, n)
    mode("late", require=n == 100000, ensure={"late": n > 9})
    mode("early", ensure={"early": n < 100000})
    return n
""",
        timeout=60.0,
    )
    found = verdicts(report)
    assert found["early: early"] == found["late: late"] == "proved"
    assert found["late"] in ("unknown", "reached")
    assert report.exit_code == 0
    assert report.time_s < 30.0
