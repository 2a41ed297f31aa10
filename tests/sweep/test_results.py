"""The results of a sweep are the same bytes whoever makes the runs, and each row is that of the run alone."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from syncml.scenario.runners import interpreted_runs
from syncml.scenario.suite import judge
from syncml.sim.monitor import monitor
from syncml.sweep.rows import NEVER, Clauses, joined
from syncml.sweep.tables import Form, Table
from syncml.sweep.workers import processes
from tests.sweep.scenes import CAR, CUT_IN, LOOP, PUSH, digest, sweep_in, swept


@pytest.mark.parametrize("form", list(Form))
def test_the_results_are_the_same_for_every_number_of_workers_and_size_of_chunk(tmp_path: Path, form: Form) -> None:
    if form is Form.PARQUET:
        pytest.importorskip("pyarrow")
    sweep = sweep_in(tmp_path, 70)
    found: dict[str, str] = {}
    for jobs in (1, 2, 7):
        for chunk in (1, 64, 1000):
            folder = tmp_path / f"{jobs}-{chunk}"
            store = swept(sweep, folder, processes(jobs), form, chunk=chunk, part=32)
            found[folder.name] = digest(folder)
            assert store.summary.runs == 70 and store.summary.left_out > 0 and min(store.summary.verdicts) > 0
            assert len(store.manifest.traces) == 3 and store.manifest.complete
            assert not (folder / "pending").exists()
    assert len(set(found.values())) == 1, found


def test_so_are_those_among_actors(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 20, CAR, CUT_IN)
    assert sweep.has_actors
    found: set[str] = set()
    for jobs, chunk in ((1, 1000), (2, 1), (7, 4)):
        folder = tmp_path / f"{jobs}-{chunk}"
        store = swept(sweep, folder, processes(jobs), chunk=chunk, traces=0)
        found.add(digest(folder))
        assert store.summary.collisions > 0 and store.summary.left_out > 0
    assert len(found) == 1
    interpreted = interpreted_runs(sweep.checked.program, sweep.flat)
    rows = sweep.rows(13, 14)
    for name, values in sweep.row(13, sweep.run(13, interpreted)).items():
        assert values.tobytes() == rows[name].tobytes(), name


def test_a_row_of_lanes_is_that_of_the_interpreter(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    rows = sweep.rows(0, 200)
    run = interpreted_runs(sweep.checked.program, sweep.flat)
    seen: set[tuple[int, int]] = set()
    for place, number in enumerate(rows["run"].tolist()):
        ran = sweep.run(number, run)
        own = sweep.row(number, ran)
        assert own.keys() == rows.keys()
        for name, values in own.items():
            assert values.dtype.kind == rows[name].dtype.kind, name
            assert values[0] == rows[name][place] and values.itemsize <= rows[name].itemsize, name
        verdict, clause, tick = judge(monitor(sweep.flat, ran.trace))
        assert ("passed", "failed", "outside")[own["verdict"][0]] == verdict
        assert (sweep.clauses.names[own["clause"][0]] if tick >= 0 else "") == clause and own["tick"][0] == tick
        seen.add((int(own["verdict"][0]), int(own["clause"][0])))
    assert len(seen) >= 5


def test_runs_do_not_depend_on_what_is_run_with_them(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    whole = sweep.rows(0, 200)
    parts = joined([sweep.rows(first, first + 8) for first in range(0, 200, 8)])
    for name, values in whole.items():
        assert values.tobytes() == parts[name].tobytes(), name
    assert len(set(whole["seed"].tolist())) == len(whole["run"])


def test_a_grid_goes_round_and_a_sample_has_as_many_points_as_runs(tmp_path: Path) -> None:
    grid = "name: G\nduration: 1\nparameters: {p: {values: [1, 2, 3]}}\ninputs: " + PUSH.partition("inputs:")[
        2
    ].replace("${v}", "${p}")
    sweep = sweep_in(tmp_path, 8, LOOP, grid)
    rows = sweep.rows(0, 8)
    assert rows["parameter.p"].tolist() == [1, 2, 3, 1, 2, 3, 1, 2]
    assert rows["speed.last"][0] != rows["speed.last"][3]
    assert sweep_in(tmp_path, None, LOOP, grid).identity.runs == 3
    assert len(np.unique(sweep_in(tmp_path, 500).rows(0, 500)["parameter.v"])) > 480


def test_another_seed_draws_other_parameters_and_other_noise(tmp_path: Path) -> None:
    one, other = (sweep_in(tmp_path, 40, seed=seed).rows(0, 10) for seed in (3, 4))
    assert (one["parameter.p"][:3] != other["parameter.p"][:3]).all()
    assert (one["seed"][:3] != other["seed"][:3]).all()
    assert (sweep_in(tmp_path, 40).rows(0, 10)["seed"] == one["seed"]).all()


def test_a_table_reads_back_as_it_was_written(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    sweep = sweep_in(tmp_path)
    rows = sweep.rows(0, 60)
    tables = [Table(form, 'a, "b"', "abc", sweep.clauses.names) for form in Form]
    read = [table.read(table.written(rows)) for table in tables]
    assert read[0] == read[1] == tables[0].shown(rows)
    (first, *_), text = read[0], tables[1].written(rows).decode()
    assert first["scenario"] == 'a, "b"' and first["parameter.kind"] in ("quick", "slow")
    assert np.float32(first["speed.last"]) == rows["speed.last"][0]
    assert len(list(csv.reader(text.splitlines()))) == len(rows["run"]) + 1


def test_the_verdict_of_clauses_that_fail_together() -> None:
    """As the suite judges: an assumption excuses what fails with it or later; of equals the first by name is told."""
    clauses = Clauses(("late", "b", "a", "given"), (False, False, False, True))
    first = [
        np.array([9, 9, NEVER, NEVER, 9, 3]),
        np.array([5, NEVER, NEVER, NEVER, 5, 3]),
        np.array([5, NEVER, NEVER, NEVER, 5, 3]),
        np.array([NEVER, 9, NEVER, 2, 4, 3]),
    ]
    found = clauses.judged(first, 6)
    assert found["verdict"].tolist() == [1, 2, 0, 2, 2, 2]
    assert found["clause"].tolist() == [2, 3, -1, 3, 3, 3]
    assert found["tick"].tolist() == [5, 9, -1, 2, 4, 3]
    assert Clauses((), ()).judged([], 2)["verdict"].tolist() == [0, 0]
