"""Goals: reached with a run that was replayed, proved unreachable, and what they mean for the exit code."""

from __future__ import annotations

from pathlib import Path

from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret
from syncml.sim.monitor import monitor
from syncml.verify import Reached, Unreachable
from tests.verify.contracts import decide, verdicts

COUNTER = """
@node
def counter(up: Stream[bool]) -> Stream[i32]:
    n = state(init=0)
    n.next = where(up & (n < {top}), n + 1, n)
    ensure(n <= {top}, "bounded")
    cover(n == 3, "three", req="SR-3")
    return n
"""


def test_a_goal_is_reached_by_a_run_of_the_interpreter(tmp_path: Path) -> None:
    report = decide(tmp_path, COUNTER.format(top=9))
    assert verdicts(report) == {"bounded": "proved", "three": "reached", "overflow:n_next_add": "proved"}
    (goal,) = (r for r in report.results if r.name == "three")
    assert (goal.kind, goal.requirement) == ("cover", "SR-3")
    assert isinstance(goal.verdict, Reached)
    run = goal.verdict.counterexample
    trace = interpret(check_file(str(tmp_path / "program.py")).program, run.inputs, run.ticks).trace
    assert trace.column("n").values[run.tick] == 3
    assert report.exit_code == 0


def test_a_goal_that_no_run_reaches_is_proved_so(tmp_path: Path) -> None:
    report = decide(tmp_path, COUNTER.format(top=2))
    (goal,) = (r for r in report.results if r.name == "three")
    assert isinstance(goal.verdict, Unreachable)
    assert goal.verdict.proof.k >= 1
    assert report.exit_code == 1


def test_assumptions_hold_on_the_way_to_a_goal(tmp_path: Path) -> None:
    report = decide(tmp_path, COUNTER.format(top=9).replace("    return", '    assume(~up, "never up")\n    return'))
    assert verdicts(report)["three"] == "unreachable"


def test_a_goal_of_a_called_node_is_reached_if_one_instance_reaches_it(tmp_path: Path) -> None:
    text = (
        COUNTER.format(top=9)
        + """
@node
def both(up: Stream[bool]) -> tuple[Stream[i32], Stream[i32]]:
    used = counter(up)
    still = counter(up & ~up)
    return used, still
"""
    )
    report = decide(tmp_path, text)
    assert verdicts(report)["counter.three"] == "reached"
    assert verdicts(report)["counter_2.three"] == "unreachable"
    assert report.exit_code == 0


def test_what_rests_on_a_contract_that_is_not_proved_is_not_unreachable(tmp_path: Path) -> None:
    report = decide(
        tmp_path,
        """
@node(abstract=True)
def policy(x: Stream[f32]) -> Stream[f32]:
    y = x + 0.0
    ensure(y <= 1.0, "range")
    return y

@node
def main(x: Stream[f32]) -> Stream[f32]:
    y = policy(x)
    cover(y > 2.0, "high")
    cover(y > 0.5, "half")
    return y
""",
    )
    assert verdicts(report) == {"range": "violated", "high": "unknown", "half": "reached"}


def test_the_first_violation_is_none_of_a_goal(tmp_path: Path) -> None:
    text = COUNTER.format(top=9).replace("    return", '    ensure(n < 9, "below nine")\n    return')
    found = verdicts(decide(tmp_path, text, first=True))
    assert found["below nine"] == "violated"
    assert found["three"] == "reached"


def test_a_simulation_says_whether_a_goal_occurs(tmp_path: Path) -> None:
    decide(tmp_path, COUNTER.format(top=9))
    checked = check_file(str(tmp_path / "program.py"))
    for ticks, first in ((3, None), (6, 3)):
        trace = interpret(checked.program, {"up": [True] * ticks}, ticks).trace
        (found,) = (r for r in monitor(checked.flat, trace) if r.is_goal)
        assert found.first_failure == first
