"""A search of programs: robustness against verdicts, the same for any number of threads, minimal runs that replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.pipeline import check_file, on_machine
from syncml.scenario.many import ManyRuns
from syncml.scenario.templates import read_template
from syncml.search import methods
from syncml.search.method import Method
from syncml.search.robustness import robustness
from syncml.search.search import Wanted, keep, search
from syncml.search.subject import Bound, Subject, settings_of, subject
from syncml.search.written import written
from syncml.sim.margins import TOUCH
from tests.cli.conftest import Syncml, syncml
from tests.sweep.scenes import CAR, CUT_IN, LOOP, PUSH
from tests.sweep.scenes import written as scene
from tests.sweep.test_actors import PROGRAM, SCENARIO, refused

__all__ = ["syncml"]

CORNER = """
from syncml import Hz, Stream, assume, ensure, f64, node


@node(rate=Hz(10))
def corner(x: Stream[f64], y: Stream[f64], z: Stream[f64]) -> Stream[f64]:
    assume(z <= 9.5, "z is small")
    ensure((x < 3.0) | (y < 2.0), "not both")
    ensure(x + z < 100.0, "never broken")
    return x + y
"""
SQUARE = """
# Where the corner is.
name: corner
duration: 0.3 s
parameters:
  x: {low: -10, high: 10}
  y: {mean: 0, sigma: 3, bound: 6}
  z: {low: 0, high: 10}
  road: {values: [a, b, c]}
sampling: {method: sobol, count: 8}
require: ["x <= 9"]
inputs: {x: "${x}", y: "${y}", z: "${z}"}
"""


def searched(folder: Path, program: str = CORNER, scenario: str = SQUARE, **given: Any) -> Subject:
    path, drives = scene(folder, program, scenario)
    return subject(on_machine(check_file(str(path))).flat, read_template(drives), **given)


def seed_of(found: Subject, runs: int) -> Any:
    """The seed of the scenario, for some runs."""
    return found.template.seeds(np.arange(runs), own=False)


def some_points(found: Subject, count: int) -> Any:
    return np.random.default_rng(1).random((count, found.template.runs.dimensions))


@pytest.mark.parametrize(("program", "scenario", "runs"), [(CORNER, SQUARE, 60), (LOOP, PUSH, 40), (CAR, CUT_IN, 20)])
def test_robustness_is_negative_exactly_if_the_run_fails(
    tmp_path: Path, program: str, scenario: str, runs: int
) -> None:
    found = searched(tmp_path, program, scenario)
    columns = found.template.runs.at(some_points(found, runs))
    seeds = found.template.seeds(np.arange(runs))
    robust = robustness(found, own_seeds=True)(columns, seeds)
    verdicts = [found.failure(settings_of(columns, run), int(seeds[run])) is not None for run in range(runs)]
    assert (robust < 0.0).tolist() == verdicts
    assert 0 < sum(verdicts) < runs
    assert (robust != 0.0).all()


@pytest.mark.parametrize(("program", "scenario", "own"), [(CAR, CUT_IN, False), (PROGRAM, SCENARIO, True)])
def test_many_runs_among_actors_have_the_robustness_of_one_after_another(
    tmp_path: Path, program: str, scenario: str, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = searched(tmp_path, program, scenario)
    columns = found.template.runs.at(some_points(found, 50))
    seeds = found.template.seeds(np.arange(50), own=own)
    together = robustness(found, 2, own_seeds=own)
    expected = together(columns, seeds)
    turned = {name: values[::-1] for name, values in columns.items()}
    assert together(turned, seeds[::-1]).tolist() == expected[::-1].tolist()
    monkeypatch.setattr(ManyRuns, "rows", refused)
    assert robustness(found, own_seeds=own)(columns, seeds).tolist() == expected.tolist()
    assert len(set(expected.tolist())) > 5
    assert (expected < 0.0).any() and (expected > 0.0).any()


def test_a_run_outside_of_its_assumptions_or_constraints_tells_nothing(tmp_path: Path) -> None:
    found = searched(tmp_path)
    columns = {"x": [4.0, 4.0, 9.5, 0.0], "y": [3.0] * 4, "z": [1.0, 9.6, 1.0, 1.0]}
    robust = robustness(found)({name: np.array(column) for name, column in columns.items()}, seed_of(found, 4))
    assert robust.tolist() == [-1.0, np.inf, np.inf, 3.0]


@pytest.mark.parametrize("method", list(Method))
def test_what_is_found_does_not_depend_on_threads_or_chunks(
    tmp_path: Path, method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("scipy")
    found = searched(tmp_path)
    one, two = (search(found, Wanted(method, 3_000, 3, threads)) for threads in (1, 2))
    assert one == two
    monkeypatch.setattr(methods, "BATCH", 100)
    assert search(found, Wanted(method, 3_000, 3)) == one
    other = search(found, Wanted(method, 3_000, 4, 2))
    assert other.worst != one.worst


def test_a_failing_run_is_minimal_and_replays(tmp_path: Path) -> None:
    found = searched(tmp_path)
    failing = search(found, Wanted(Method.CROSS_ENTROPY, 4_000, 1)).failing
    assert failing is not None
    assert (failing.clause, failing.tick) == ("not both", 0)
    x, y = (float(failing.run.settings[name]) for name in ("x", "y"))
    assert 3.0 <= x < 3.006
    assert 2.0 <= y < 2.006
    assert failing.run.settings == {"x": x, "y": y, "z": 5.0, "road": "b"}
    keep(found, failing, None, tmp_path / "kept" / "failing.yaml")
    text = (tmp_path / "kept" / "failing.yaml").read_text()
    assert text.startswith("\n# Where the corner is.\nname: corner\n")
    again = read_template(tmp_path / "kept" / "failing.yaml")
    assert again.runs.count == 1
    assert again.runs.settings(0) == failing.run.settings


def test_a_bound_of_a_stream_is_a_promise(tmp_path: Path) -> None:
    found = searched(tmp_path, bound=Bound("x", -2.0, below=True))
    assert found.names == ("x >= -2",)
    failing = search(found, Wanted(Method.RANDOM, 200, 1)).failing
    assert failing is not None
    assert failing.run.settings["x"] == pytest.approx(-2.0, abs=0.01)


def test_one_promise_of_several(tmp_path: Path) -> None:
    found = search(searched(tmp_path, clause="never broken"), Wanted(Method.RANDOM, 500, 1))
    assert (found.failed, found.failing) == (0, None)
    assert found.worst[0].robustness == pytest.approx(100.0 - 9.0 - 9.5, abs=3.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"clause": "none"}, "no promise 'none'"),
        ({"clause": "z is small"}, "no promise 'z is small'"),
        ({"bound": Bound("w", 0.0, below=True)}, "no stream 'w'"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(DiagnosticError, match=message):
        searched(tmp_path, **given)


def test_a_promise_that_tells_nothing_hides_no_other(tmp_path: Path) -> None:
    always = 'ensure(x <= 100.0, "wide")\n    ensure(clip(x, 3.0, 3.0) <= 3.0, "touched")'
    program = CORNER.replace('ensure(x + z < 100.0, "never broken")', always)
    program = program.replace("import Hz", "import clip, Hz")
    found = searched(tmp_path, program)
    assert found.names == ("not both", "wide", "touched")
    columns = {"x": np.array([1.0, 4.0]), "y": np.array([1.0, 4.0]), "z": np.array([1.0, 1.0])}
    assert robustness(found)(columns, seed_of(found, 2)).tolist() == [2.0, -1.0]
    alone = searched(tmp_path, program, clause="touched")
    assert (robustness(alone)(columns, seed_of(alone, 2)) == TOUCH).all()


def test_files_that_a_scenario_names_are_named_from_the_new_place(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text('{connection: "c.yaml", road: {file: roads/r.xodr}, parameters: {v: [1, 2]}, name: n}', "utf-8")
    text = written(path, {"v": 1.5}, tmp_path / "out" / "deep")
    assert text == '{connection: "../../c.yaml", road: {file: "../../roads/r.xodr"}, parameters: {"v": 1.5}, name: n}'


def test_the_command(tmp_path: Path, syncml: Syncml) -> None:
    path, drives = scene(tmp_path, CORNER, SQUARE)
    command = ("search", path, "--scenario", drives, "--runs", "2e3", "-o", "out")
    found = syncml(*command, "--format", "json")
    assert found.code == 1
    document = json.loads(found.out)
    assert document["schema"] == "syncml/search/1"
    assert document["failing"]["clause"] == "not both"
    assert document["failing"]["file"] == "out/failing.yaml"
    again = syncml("sim", path, "--scenario", "out/failing.yaml")
    assert again.code == 1
    assert "'not both' fails at tick 0" in again.out
    shown = syncml(*command)
    assert "again: syncml sim" in shown.out
    held = syncml(*command, "--clause", "never broken", "--method", "random")
    assert held.code == 0
    assert "probability of a failure: 0, with 95 % confidence from 0 to 0.00192" in held.out
    assert syncml(*command, "--clause", "never broken", "--method", "subset").out.count("not found") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--clause", "a", "--stream", "x", "--least", "0"), "do not go together"),
        (("--stream", "x"), "against one bound"),
        (("--least", "1"), "against one bound"),
        (("--stream", "x", "--least", "1", "--greatest", "1"), "against one bound"),
        (("--runs", "no"), "is no number of runs"),
        (("--noise", "each"), "no input of push.yaml is random"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, syncml: Syncml, options: tuple[str, ...], message: str) -> None:
    path, drives = scene(tmp_path, CORNER, SQUARE)
    found = syncml("search", path, "--scenario", drives, *options)
    assert found.code == 2
    assert message in found.err


def test_a_scenario_without_parameters_is_nothing_to_search(tmp_path: Path, syncml: Syncml) -> None:
    path, drives = scene(tmp_path, CORNER, "name: n\nduration: 1 s\ninputs: {x: 1.0, y: 1.0, z: 1.0}\n")
    found = syncml("search", path, "--scenario", drives)
    assert found.code == 2
    assert "nothing to search" in found.err
