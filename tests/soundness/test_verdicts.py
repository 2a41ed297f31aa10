"""No property that is proved is ever false in a run of the C, and every counterexample violates, there too.

A small share of what `make soundness` does.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, seed, settings

from syncml.ir.equations.pretty import print_program
from syncml.ir.equations.syntax import Node, Program
from syncml.verify import Proved, Violated
from tests.soundness import __main__ as long_run
from tests.soundness.judge import decided, judged
from tests.soundness.systems import opened_program, systems
from tests.verify.test_engines import saturating

ROOT = Path(__file__).resolve().parents[2]
SHARDS, EXAMPLES, STEPS = 3, 5, 10_000
SECONDS = 2.0
SAMPLE = ("tests/accept/contract_invariant.py", "tests/accept/contract_switch.py", "examples/counter.py",
          "examples/door.py", "examples/cruise.py", "examples/limiter.lus")  # fmt: skip

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


def _shard(number: int) -> Callable[[], None]:
    @seed(number)
    @settings(
        max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=False, database=None, deadline=None
    )
    @given(node=systems())
    def run_all(node: Node) -> None:
        note(print_program(Program((node,), node.name)))
        with tempfile.TemporaryDirectory(prefix="syncml-soundness-") as folder:
            assert not judged(node, decided(node, SECONDS), Path(folder), STEPS, number).faults

    return run_all


@pytest.mark.slow
@pytest.mark.parametrize("number", range(SHARDS))
def test_the_verdicts_on_random_systems_stand(number: int) -> None:
    _shard(number)()


def test_a_batch_of_the_long_run_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_run, "BATCH", 1)
    monkeypatch.setattr(long_run, "STEPS_OF_A_SYSTEM", 1000)
    tally = long_run.random_systems(0, 1.0)
    assert tally.programs >= 1
    assert not tally.faults


@pytest.mark.parametrize("name", SAMPLE)
def test_the_verdicts_on_programs_stand(name: str, tmp_path: Path) -> None:
    node = opened_program(ROOT / name)
    report = decided(node, 10.0)
    tally = judged(node, report, tmp_path, STEPS, seed=1)
    assert not tally.faults
    assert tally.proved
    assert tally.steps >= STEPS


def test_a_wrong_verdict_is_noticed(tmp_path: Path) -> None:
    """A property that is violated is called proved, and one that is proved is called violated."""
    node = saturating().node()
    report = decided(node, 10.0)
    proof = next(r.verdict for r in report.results if isinstance(r.verdict, Proved))
    violation = next(r.verdict for r in report.results if isinstance(r.verdict, Violated))
    for name, verdict, said in (
        ("never seven", proof, "proved, but false at tick"),
        ("at most the limit", violation, "its counterexample does not violate it in the interpreter"),
    ):
        wrong = tuple(replace(r, verdict=verdict) if r.name == name else r for r in report.results)
        (fault,) = judged(node, replace(report, results=wrong), tmp_path, STEPS, seed=1).faults
        assert fault.startswith(f"{name}: {said}")
