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
from syncml.scenario.runners import lane_runs
from syncml.sweep.plan import Sweep
from syncml.sweep.rows import FAILED
from syncml.sweep.score import score
from syncml.sweep.store import Store
from syncml.sweep.tables import Form
from tests.sweep.scenes import sweep_in, swept, written


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
    first = store.summary.failing[0]
    assert f'id="run{first}"' in text and f"syncml replay {store.folder} {first}" in text
    assert f"<b>{store.summary.verdicts[FAILED]:,}</b>failed" in text
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium")
    picture = tmp_path / "page.png"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={picture}", path.as_uri()]
    subprocess.run([*command, f"--user-data-dir={tmp_path}/profile"], check=True, capture_output=True, timeout=60)
    assert picture.stat().st_size > 10_000


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
