"""Searches in which each run has its own noise: probabilities over noise, and failing runs that can be made again."""

from __future__ import annotations

import json
import shlex
from math import erfc, sqrt
from pathlib import Path

import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.scenario.templates import read_template
from syncml.search import methods
from syncml.search.method import Method
from syncml.search.search import Wanted, keep, search
from tests.cli.conftest import Syncml, syncml
from tests.search.test_search import searched
from tests.support import openscenario as x
from tests.sweep.scenes import CAR, CUT_IN

__all__ = ["syncml"]

PROGRAM = """
from syncml import Hz, Stream, ensure, f64, node


@node(rate=Hz(1))
def sum_of(given: Stream[f64], noise: Stream[f64]) -> Stream[f64]:
    ensure(given + noise < {limit}, "small")
    return given + noise
"""
NOISY = """
name: noisy
duration: 1 s
seed: 5
parameters: {mean: {mean: 0, sigma: 1, bound: 9}}
sampling: {method: random, count: 1}
inputs:
  given: "${mean}"
  noise: {sigma: 0.5, bound: 5}
"""
ALONE = """
name: only noise
duration: 1 s
inputs: {given: 0.0, noise: {low: 0, high: 1}}
"""


def test_the_interval_has_the_probability_over_parameters_and_noise(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    found = searched(tmp_path, PROGRAM.replace("{limit}", "4.0"), NOISY)
    likely = erfc(4.0 / sqrt(1.25) / sqrt(2.0)) / 2.0
    made = [search(found, Wanted(Method.IMPORTANCE, 3_000, seed, own_noise=True)).estimate for seed in range(6)]
    assert all(each is not None and each.variation < 0.2 for each in made)
    assert sum(each is not None and each.low <= likely <= each.high for each in made) >= 5


def test_the_interval_has_the_probability_over_noise_alone(tmp_path: Path) -> None:
    found = searched(tmp_path, PROGRAM.replace("{limit}", "0.99"), ALONE)
    made = search(found, Wanted(Method.RANDOM, 20_000, 1, own_noise=True))
    assert made.estimate is not None
    assert made.estimate.low <= 0.01 <= made.estimate.high
    assert made.estimate.high - made.estimate.low < 0.003
    assert len({each.seed for each in made.worst}) == len(made.worst)
    assert made.failing is not None
    assert made.failing.run.settings == {}


@pytest.mark.parametrize("method", [Method.RANDOM, Method.CROSS_ENTROPY])
def test_what_is_found_does_not_depend_on_threads_or_chunks(
    tmp_path: Path, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("scipy")
    found = searched(tmp_path, CAR, CUT_IN)
    one = search(found, Wanted(method, 300, 3, 1, own_noise=True))
    monkeypatch.setattr(methods, "BATCH", 50)
    assert search(found, Wanted(method, 300, 3, 2, own_noise=True)) == one


@pytest.mark.parametrize(
    ("scenario", "start"),
    [
        (NOISY, "\nname: noisy\nduration: 1 s\nseed: {seed}\n"),
        (ALONE, "\nseed: {seed}\nname: only noise\n"),
        (
            '{"name": "n", "duration": 1, "inputs": {"given": 0.0, "noise": {"low": 0, "high": 1}}}',
            '{{"seed": {seed}, "n',
        ),
    ],
)
def test_a_failing_run_is_kept_with_its_seed(tmp_path: Path, scenario: str, start: str) -> None:
    pytest.importorskip("scipy")
    found = searched(tmp_path, PROGRAM.replace("{limit}", "0.9"), scenario)
    failing = search(found, Wanted(Method.CROSS_ENTROPY, 2_000, 1, own_noise=True)).failing
    assert failing is not None
    keep(found, failing, None, tmp_path / "kept" / "failing.yaml")
    assert (tmp_path / "kept" / "failing.yaml").read_text().startswith(start.format(seed=failing.run.seed))
    again = read_template(tmp_path / "kept" / "failing.yaml")
    assert (again.seed, again.runs.count) == (failing.run.seed, 1)


@pytest.mark.parametrize(
    ("scenario", "method", "message"),
    [
        (NOISY, Method.SUBSET, "small steps"),
        (ALONE, Method.IMPORTANCE, "no run is likelier"),
        (NOISY.replace("{sigma: 0.5, bound: 5}", "0.5"), Method.RANDOM, "is random"),
    ],
)
def test_a_method_that_does_not_fit_is_refused(tmp_path: Path, scenario: str, method: Method, message: str) -> None:
    found = searched(tmp_path, PROGRAM.replace("{limit}", "0.9"), scenario)
    with pytest.raises(DiagnosticError, match=message):
        search(found, Wanted(method, 200, 1, own_noise=True))


CONNECTION = "ego: {speed: speed}\ninputs:" + CUT_IN.partition("inputs:")[2]
BRAKES = x.story(x.event("brake", x.by_value('<SimulationTimeCondition value="1" rule="greaterThan"/>'),
                         x.speed("0", "linear", "rate", "$rate")))  # fmt: skip
VARIED = """<DeterministicSingleParameterDistribution parameterName='rate'><DistributionRange stepWidth='0.5'>
<Range lowerLimit='2' upperLimit='12'/></DistributionRange></DeterministicSingleParameterDistribution>"""


@pytest.mark.parametrize("noise", ["one", "each"])
def test_a_failing_variation_of_openscenario_is_one_again(tmp_path: Path, syncml: Syncml, noise: str) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (tmp_path / "car.py").write_text(CAR, "utf-8")
    (tmp_path / "c.yaml").write_text(CONNECTION, "utf-8")
    declared = "<ParameterDeclaration name='rate' parameterType='double' value='4'/>"
    x.write(
        folder, x.scenario(BRAKES, x.INIT.replace('value="10"', 'value="22"', 1), parameters=declared, stop=x.at("6"))
    )
    (folder / "variation.xosc").write_text(x.variation(VARIED))
    given = ("--scenario", folder / "variation.xosc", "--connection", tmp_path / "c.yaml")
    found = syncml(
        "search", tmp_path / "car.py", *given, "--noise", noise, "--runs", "200", "-o", tmp_path / "out",
        "--method", "random",
    )  # fmt: skip
    assert found.code == 1, found.err
    told = next(line for line in found.out.splitlines() if "fails at tick" in line)
    (again,) = (line.removeprefix("again: syncml ") for line in found.out.splitlines() if line.startswith("again:"))
    assert (tmp_path / "out" / "failing.xosc").is_file()
    made = syncml(*shlex.split(again), "--format", "json")
    assert made.code == 1
    failed = {
        (c["name"], c["first_failure"]) for c in json.loads(made.out)["contracts"] if c["first_failure"] is not None
    }
    assert any(f"{name!r} fails at tick {tick}," in told for name, tick in failed)
    assert ("--seed" in again) == (noise == "each")
