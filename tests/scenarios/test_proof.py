"""`syncml verify` on the flagship: every contract is proved; without the shield a contract breaks, in C as well."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.export_c import compile_and_run
from syncml.pipeline import Checked, check_file, step_code
from syncml.sim.formats import read_csv
from syncml.sim.monitor import clause_name
from syncml.testing import first_failure
from syncml.verify import opened
from tests.mutants.mutants import MUTANTS
from tests.mutants.runner import sow
from tests.support.flagship import PIPELINE, arrays

PROOF_SECONDS, SEARCH_SECONDS = 240, 600
"""Limits; on two idle cores a fraction of them suffices."""
VIOLATED = "RSS distance kept"


def verify(pipeline: Path, *options: str) -> tuple[int, list[dict[str, Any]]]:
    command = [sys.executable, "-m", "syncml", "verify", str(pipeline), "--format", "json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    return done.returncode, json.loads(done.stdout)["properties"]


@pytest.mark.slow
def test_every_contract_is_proved() -> None:
    start = time.perf_counter()
    code, properties = verify(PIPELINE, "--timeout", str(PROOF_SECONDS))
    undecided = {each["name"]: each["verdict"] for each in properties if each["verdict"] != "proved"}
    assert undecided == {}
    assert code == 0
    names = {each["name"] for each in properties if each["kind"] == "ensure"}
    assert {"no collision", VIOLATED, "acc.command within actuator limits", "acc.jerk within actuator limits"} <= names
    assert time.perf_counter() - start < 1.1 * PROOF_SECONDS


@pytest.mark.slow
def test_every_contract_is_proved_with_the_trained_policy_in_place_and_needs_none_of_its_weights() -> None:
    code, properties = verify(PIPELINE, "--concrete", "policy", "--timeout", str(PROOF_SECONDS))
    assert code == 0
    assert {each["verdict"] for each in properties} == {"proved"}
    (collision,) = (each for each in properties if each["name"] == "no collision")
    assert collision["method"].endswith("any network")


def test_what_holds_for_the_trained_policy_only() -> None:
    trained = PIPELINE.with_name("trained.py")
    code, properties = verify(trained, "--concrete", "policy", "--timeout", str(PROOF_SECONDS))
    assert code == 0
    assert {each["verdict"] for each in properties} == {"proved"}
    code, properties = verify(trained)
    assert code == 1
    assert sum(each["verdict"] == "violated" for each in properties) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shield removed", "shield delayed by one tick"])
def test_a_broken_shield_is_violated_and_the_run_replays_in_c(name: str, tmp_path: Path) -> None:
    mutant = next(m for m in MUTANTS if m.name == name)
    pipeline = sow(mutant, tmp_path)
    evidence = tmp_path / "evidence"
    code, properties = verify(pipeline, "--property", VIOLATED, "--timeout", str(SEARCH_SECONDS), "-o", str(evidence))
    (found,) = properties
    assert (code, found["verdict"]) == (1, "violated"), found
    (inputs,) = evidence.glob("*.csv")
    tick = first_failure(str(pipeline), VIOLATED, inputs)
    assert tick is not None
    streams = _in_c(pipeline, inputs)
    assert not streams[tick]
    assert streams[:tick].all()


def _in_c(pipeline: Path, inputs: Path) -> Any:
    """The truth of the violated clause at each tick, by exported C; the run gives the outputs of the two networks."""
    checked = Checked(opened(check_file(str(pipeline)).program))
    node = checked.flat
    holds = next(p.holds.name for p in node.properties if clause_name(p) == VIOLATED)
    rows = read_csv(inputs, node)
    ticks = min(len(values) for values in rows.values())
    code = step_code(checked, frozenset({holds}), flat=True)
    results = compile_and_run(code, arrays(node, rows, ticks), ticks)
    return np.asarray(results.outputs[holds])
