"""Scenario files: signals, seeds, and faults at their line."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError, Span
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.types import BOOL, F32, EnumType, TensorType
from syncml.scenario.load import load_scenario
from syncml.scenario.values import inputs_of, ticks_of
from syncml.scenario.yaml_text import parse
from tests.support.ir import NodeBuilder

GOOD = """
name: cut-in
source: UN R157
duration: 0.4
seed: 7
inputs:
  lead: {points: [[0.0, 0.0], [0.2, -6.0]]}
  ramp: {points: [[0.0, 0.0], [0.2, 2.0]], between: linear}
  noise: {sum: [{sigma: 1.0, bound: 0.5}, 10.0]}
  valid: {probability: 1.0, false_during: [[0.1, 0.3]]}
  target: [1.0, 2.0]
  mode: {points: [[0.0, A], [0.3, B]]}
  spread: {low: -1.0, high: 1.0}
"""


def node(rate: Fraction | None = Fraction(10)) -> Node:
    b = NodeBuilder("top", rate)
    for name in ("lead", "ramp", "noise", "spread"):
        b.input(name, F32)
    b.input("valid", BOOL)
    b.input("target", TensorType(F32, (2,)))
    b.input("mode", EnumType("Mode", ("A", "B")))
    return b.node([])


def write(folder: Path, text: str) -> Path:
    path = folder / "s.yaml"
    path.write_text(text)
    return path


def test_signals_follow_the_file(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, GOOD))
    assert ticks_of(scenario, node()) == 4
    values = inputs_of(scenario, node(), 4)
    assert values["lead"].tolist() == [0.0, 0.0, -6.0, -6.0]
    assert values["ramp"].tolist() == [0.0, 1.0, 2.0, 2.0]
    assert values["valid"].tolist() == [True, False, False, True]
    assert values["mode"].tolist() == [0, 0, 0, 1]
    assert values["target"].tolist() == [[1.0, 2.0]] * 4
    assert values["noise"].dtype == np.float32
    assert (abs(values["noise"] - 10.0) <= 0.5).all()


def test_random_numbers_depend_on_the_seed_and_the_input_alone(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, GOOD))
    alone = load_scenario(write(tmp_path, GOOD.replace("  noise:", "  unrelated_comment_free: 1\n  noise:")))
    first, again, other = (inputs_of(scenario, node(), 4, seed)["spread"].tolist() for seed in (None, 7, 8))
    assert first == again != other
    assert inputs_of(alone, node(), 4)["spread"].tolist() == first
    assert len(set(first)) == 4


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("duration: 0.4", "duration: -1", "S001", 4),
        ("duration: 0.4", "durations: 1", "S001", 2),
        ("[0.2, -6.0]", "[0.0, -6.0]", "S001", 7),
        ("sigma: 1.0", "sigma: -1.0", "S001", 9),
        ("probability: 1.0", "probability: 1.5", "S001", 10),
        ("between: linear", "between: cubic", "S001", 8),
        ("[[0.0, A], [0.3, B]]", "[[0.0, A", "D002", 12),
        ("low: -1.0", "low: 2.0", "S001", 13),
    ],
)
def test_faults_have_a_code_and_a_line(tmp_path: Path, old: str, new: str, code: str, line: int) -> None:
    with pytest.raises(DiagnosticError) as caught:
        load_scenario(write(tmp_path, GOOD.replace(old, new)))
    found = caught.value.diagnostics[0]
    assert (found.code, found.span.line if found.span else None) == (code, line)


def test_only_true_and_false_are_truth_values() -> None:
    text = "on: off\n1: [1e-3, 010, -.5, .inf, ~, True]\ntrue: OFF\nx: &x {a: 1}\ny: {<<: *x, no: 2}\n"
    assert parse(text)[1] == {
        "on": "off", "1": [0.001, 10, -0.5, np.inf, None, True], "true": "OFF", "x": {"a": 1}, "y": {"a": 1, "no": 2},
    }  # fmt: skip
    assert parse("") == (None, None)
    loop = parse("&a [*a]")[1]
    assert loop[0] is loop


def test_a_stream_may_have_a_name_that_yaml_1_1_takes_for_a_truth_value(tmp_path: Path) -> None:
    power, mode = Var("on", BOOL, Span.point("p.py")), Var("mode", EnumType("Mode", ("OFF", "ON")), Span.point("p.py"))
    main = replace(node(), inputs=(power, mode))
    given = "name: n\nduration: 0.4\ninputs:\n  on: true\n  mode: ON\n"
    values = inputs_of(load_scenario(write(tmp_path, given)), main, 4)
    assert values["on"].all() and (values["mode"] == 1).all()
    with pytest.raises(DiagnosticError) as caught:
        inputs_of(load_scenario(write(tmp_path, given.replace("on: true", "on: yes"))), main, 4)
    assert caught.value.diagnostics[0].help == "its type is bool: write true or false"


def test_noise_on_an_enumeration_is_refused(tmp_path: Path) -> None:
    scenario = load_scenario(
        write(tmp_path, GOOD.replace("mode: {points: [[0.0, A], [0.3, B]]}", "mode: {low: 0, high: 1}"))
    )
    with pytest.raises(DiagnosticError, match="S003"):
        inputs_of(scenario, node(), 4)


def test_a_node_without_a_rate_cannot_run_in_seconds(tmp_path: Path) -> None:
    scenario = load_scenario(write(tmp_path, GOOD))
    with pytest.raises(DiagnosticError, match="S001"):
        inputs_of(scenario, node(None), 4)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError, match="D001"):
        load_scenario(tmp_path / "absent.yaml")
