"""The report of a sweep: its counts are those of the rows, and a browser shows it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Tree

import numpy as np
import pytest

from syncml.cli import main
from syncml.cli.sweep_html import render_junit, write_report
from syncml.diagnostics.model import DiagnosticError
from syncml.scenario.runners import interpreted_runs, lane_runs
from syncml.search import worst
from syncml.search.worst import Near, nearness, worst_runs
from syncml.sweep.plan import Sweep
from syncml.sweep.rows import FAILED
from syncml.sweep.score import score
from syncml.sweep.store import Store
from syncml.sweep.tables import Form
from tests.sweep.scenes import CAR, CUT_IN, sweep_in, swept, written


def made(folder: Path, form: Form = Form.CSV) -> tuple[Sweep, Store]:
    sweep = sweep_in(folder, 300)
    return sweep, swept(sweep, folder / "results", form=form, part=100)


@pytest.mark.parametrize("form", list(Form))
def test_the_score_counts_every_row_once(tmp_path: Path, form: Form) -> None:
    if form is Form.PARQUET:
        pytest.importorskip("pyarrow")
    sweep, store = made(tmp_path, form)
    rows = sweep.rows(0, 300)
    found = score(store)
    (map_,) = found.maps
    assert {map_.across.name, map_.up.name} == {"parameter.v", "parameter.p"}
    for counts in (map_.counts.sum(axis=(0, 1)), *(each.counts.sum(axis=0) for each in found.measures)):
        assert counts.tolist() == list(store.summary.verdicts)
    assert {each.axis.name for each in found.measures} >= {"ticks", "speed.least", "count.last"}
    for name, (first, failed) in found.clauses.items():
        own = rows["clause"] == sweep.clauses.names.index(name)
        assert first == own.sum() and failed == (own & (rows["verdict"] == FAILED)).sum()
    part = map_.across.place(rows[map_.across.name])
    for number in range(map_.across.parts):
        low, high = map_.across.edges(number)
        inside = rows[map_.across.name][part == number]
        assert (inside >= low - 1e-9).all() and (inside <= high + 1e-9).all()
        assert map_.counts[number].sum() == len(inside)
    ticks = next(each for each in found.measures if each.axis.name == "ticks")
    assert ticks.axis.values == tuple(np.unique(rows["ticks"]))


def test_the_page_needs_nothing_else_and_a_browser_shows_it(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    sweep, store = made(tmp_path)
    path = tmp_path / "out.html"
    write_report(path, "loop.py", sweep, store, lambda: lane_runs(sweep.checked.program))
    text = path.read_text("utf-8")
    assert "<script" not in text and "<link" not in text and "<img" not in text
    assert "Pushes, and a lot of them" in text
    shown = worst_runs(nearness(sweep, store, 5)[1], 5)
    assert len(shown) == 5
    for run, _, margin in shown:
        assert f'id="run{run}"' in text and f"syncml replay {store.folder} {run}" in text
        assert (sweep.rows(run, run + 1)["verdict"][0] == FAILED) == (margin < 0.0)
    assert f"<b>{store.summary.verdicts[FAILED]:,}</b>failed" in text
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium")
    picture = tmp_path / "page.png"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={picture}", path.as_uri()]
    subprocess.run([*command, f"--user-data-dir={tmp_path}/profile"], check=True, capture_output=True, timeout=60)
    assert picture.stat().st_size > 10_000


def test_the_worst_runs_are_those_with_the_least_margins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, store = made(tmp_path)
    rows = sweep.rows(0, 300)
    failed = set(rows["run"][rows["verdict"] == FAILED].tolist())
    measured, near = nearness(sweep, store, 300)
    assert measured == len(rows["run"])
    broken = {run for each in near for run, margin in each.worst if margin < 0.0}
    assert broken == failed
    (slow,) = (each for each in near if each.promise == "slow enough")
    greatest = dict(zip(rows["run"].tolist(), rows["speed.greatest"].tolist(), strict=True))
    margins = dict(slow.worst)
    # Where nothing else tells, the margin of `speed <= 6` is what is left.
    assert all(margins[run] == 6.0 - greatest[run] for run in margins)
    assert list(margins.values()) == sorted(margins.values())
    monkeypatch.setattr(worst, "MOST", 40)
    fewer, part = nearness(sweep, store, 3)
    assert 20 <= fewer <= 40
    assert 10 <= max(each.failing for each in part) <= 40


def test_the_worst_runs_are_taken_from_the_promises_in_turn() -> None:
    near = [
        Near("a", False, 2, -1.0, 1.0, ((3, -1.0), (4, -0.5), (9, 1.0))),
        Near("b", False, 0, 0.1, 1.0, ((4, 0.1), (3, 0.2))),
        Near("c", True, 0, 0.5, 0.5, ()),
    ]
    assert worst_runs(near, 3) == [(3, "a", -1.0), (4, "b", 0.1), (9, "a", 1.0)]
    assert worst_runs(near, 1) == [(3, "a", -1.0)]


def test_runs_that_pass_are_shown_if_they_are_the_worst(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    sweep = sweep_in(tmp_path, 12, CAR, CUT_IN.replace("[5, 15, 25]", "[60, 70, 80]"))
    store = swept(sweep, tmp_path / "results")
    assert store.summary.verdicts[FAILED] == 0
    path = tmp_path / "out.html"
    run_one = interpreted_runs(sweep.checked.program, sweep.flat)
    write_report(path, "loop.py", sweep, store, lambda: run_one)
    text = path.read_text("utf-8")
    assert "Worst runs" in text and "margin of <b>no collision</b>" in text
    assert text.count('class="top-view"') == text.count('id="run') > 1


def test_junit_has_a_case_for_each_clause(tmp_path: Path) -> None:
    sweep, store = made(tmp_path)
    suites = Tree.fromstring(render_junit("loop.py", sweep, store, score(store)))
    cases = suites.findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == list(sweep.clauses.names)
    broken = {case.get("name") for case in cases if case.find("failure") is not None}
    rows = sweep.rows(0, 300)
    assert broken == {sweep.clauses.names[i] for i in set(rows["clause"][rows["verdict"] == FAILED].tolist())}


@pytest.mark.parametrize(("name", "code"), [("out.pdf", "U001"), ("out.html", "D006")])
def test_a_report_that_cannot_be_made_is_told_before_anything_runs(
    tmp_path: Path, name: str, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    line = f"syncml sweep loop.py --scenario push.yaml --out r --jobs 1 --report {name}"
    monkeypatch.setattr(sys, "argv", line.split())
    with pytest.raises(SystemExit):
        main()
    assert f"error[{code}]" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_file_of_results_that_is_gone_is_told(tmp_path: Path) -> None:
    _, store = made(tmp_path)
    (store.folder / "part-00001.csv").unlink()
    with pytest.raises(DiagnosticError, match="D001"):
        score(store)
