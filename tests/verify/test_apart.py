"""What depends on no product of streams is decided by itself, however hard the rest is."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncml.pipeline import check_file
from syncml.sim.interpreter import replay
from syncml.verify import Proved, VerifyOptions, verify
from syncml.verify.apart import linear_part
from syncml.verify.cone import Cones

PROGRAM = """
from syncml import Stream, assume, clip, ensure, f32, i32, node, sqrt, state, tanh, where


@node
def main(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    count = state(init=0)
    count.next = where(count >= 19, 0, count + 1)
    ensure((count >= 0) & (count < 20), "linear count")
    weight = state(init=1.0)
    weight.next = weight - 0.125 * x * y * tanh(weight * x)
    ensure(tanh(weight) * tanh(weight) <= 1.0, "hard weight")
    ensure(clip(2.0 * x, -1.0, 1.0) <= 1.0, "linear clip")
    shrinking = state(init=1.0)
    shrinking.next = 0.9 * shrinking
    return weight / (1.0 - 0.9 * shrinking) + sqrt(1.0 + shrinking * shrinking)
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, "utf-8")
    return str(path)


def test_the_part_is_what_reads_no_product(program: str) -> None:
    node = check_file(program).flat
    part = linear_part(node, Cones(node), node.properties)
    assert [p.name for p in part] == ["linear count", "linear clip"]
    # Where nothing is hard there is no part.
    assert linear_part(node, Cones(node), part) == []


def test_a_counter_beside_products_is_proved_by_itself(program: str) -> None:
    checked = check_file(program)
    report = verify(checked.program, VerifyOptions(timeout=20.0, properties=("linear count",)), replay)
    [found] = report.results
    assert isinstance(found.verdict, Proved)
    # The demand-driven engine, which gets systems with products, was not needed.
    assert found.verdict.method == "k-induction"
    assert next(d for d in report.derivations if d.reported).system.nonlinear is False


def test_ranges_of_floats_show_what_is_open_over_the_reals(program: str) -> None:
    checked = check_file(program)
    report = verify(checked.program, VerifyOptions(timeout=15.0, engines=("spacer",)), replay)
    verdicts = {r.name: r.verdict for r in report.results if r.kind in {"division", "domain"}}
    assert len(verdicts) == 2
    for verdict in verdicts.values():
        assert isinstance(verdict, Proved)
        assert (verdict.method, verdict.floats) == ("intervals", "machine")
