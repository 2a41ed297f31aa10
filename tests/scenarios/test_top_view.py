"""A run from above: it shows what the engine did, and needs no other file."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.cli import main
from syncml.cli.sweep_html import write_report
from syncml.cli.top_view import camera, scale, shown_ticks, told
from syncml.cli.top_view_gif import MOST, SIZE, write_gif
from syncml.cli.top_view_html import top_view
from syncml.pipeline import check_file
from syncml.scenario import engine
from syncml.scenario.arrays import COSINE, SINE, SPEED, S, State, T, Table
from syncml.scenario.closed_loop import Ran, run_interpreted
from syncml.scenario.movement import Mark, Movement, movement
from syncml.scenario.runners import RunOne, interpreted_runs
from syncml.scenario.templates import read_template
from syncml.sweep.run import Settings, run_sweep
from syncml.sweep.tables import Form
from syncml.sweep.workers import alone
from tests.sweep.scenes import CAR, CUT_IN, sweep_in, written

BACK = """
name: back
duration: 4
road: {line: [{length: 100}, {length: 400, curvature: 0.01}], right: [3.5], left: [3.5, 3.0]}
actors:
  ego: {lane: -1, at: 150, speed: 0}
  other: {ahead_of: ego, gap: 5, speed: -20}
ego: {speed: speed}
inputs: {gap: {sense: lead.gap}, lead: {sense: lead.speed}, wanted: {sense: ego.start_speed}, error: 0.0}
"""


def ran(folder: Path, scenario: str = CUT_IN, run: int = 8) -> Ran:
    program, path = written(folder, CAR, scenario)
    checked, template = check_file(str(program)), read_template(path)
    scene, ticks = template.scene(checked.main, run), template.ticks(checked.main, run)
    assert scene is not None
    return run_interpreted(checked.flat, scene, template.values(checked.main, ticks, run), ticks)


def seen(one: Ran) -> Movement:
    assert one.scene is not None
    return movement(one.scene, one.trace)


def data(page: str) -> dict[str, Any]:
    found = re.search(r'class="run">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


def test_the_view_is_what_the_engine_did_at_every_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[tuple[np.ndarray[Any, Any], float]] = []
    step = engine.step

    def noted(w: Table, x: State, *rest: Any) -> None:
        step(w, x, *rest)
        did.append((x.motion.copy(), float(x.senses[3]) if x.senses[1] else math.inf))

    with monkeypatch.context() as during:
        during.setattr(engine, "step", noted)
        one = ran(tmp_path)
    view = seen(one)
    assert view.actors == ("ego", "other") and view.ego == 0 and view.ticks == len(did) == 120
    sizes = one.scene.board.table.sizes if one.scene else None
    assert sizes is not None
    for tick, (motion, gap) in enumerate(did):
        # The road is straight and goes to the right.
        assert view.x[tick] == pytest.approx(motion[:, S] + sizes[:, 2] * motion[:, COSINE])
        assert view.y[tick] == pytest.approx(motion[:, T] + sizes[:, 2] * motion[:, SINE])
        assert np.cos(view.heading[tick]) == pytest.approx(motion[:, COSINE])
        assert (view.speed[tick] == motion[:, SPEED]).all() and view.gap[tick] == gap
    # The cut-in, by hand: straight ahead for a second, then from one lane into the other within two.
    assert view.y[:21, 1] == pytest.approx(-5.25) and view.y[61:, 1] == pytest.approx(-1.75)
    assert np.diff(view.x[:21, 1]) == pytest.approx(0.05 * (80 / 3.6 - 8))
    assert (np.diff(view.y[22:60, 1]) > 0).all() and (view.heading[25:55, 1] > 0.01).all()


def test_the_page_has_these_places_and_the_ego_stays_where_it_is(tmp_path: Path) -> None:
    view = seen(ran(tmp_path))
    run = data(top_view(view))
    ticks = shown_ticks(view, 25.0, 2000)
    assert ticks == list(range(120)) and run["time"] == pytest.approx([0.05 * tick for tick in ticks])
    shown = np.array(run["boxes"])
    assert np.abs(shown[:, :, 0] - view.x).max() < 0.001 and np.abs(shown[:, :, 1] - view.y).max() < 0.001
    assert np.abs(shown[:, :, 2] - np.degrees(view.heading)).max() < 0.01
    for tick in (0, 70):
        at = camera(view, tick, scale(view))
        assert at.place(view.x[tick, 0], view.y[tick, 0]) == pytest.approx(run["at"])
        x, y = at.place(view.x[tick, 1], view.y[tick, 1])
        assert x > run["at"][0] and (y > run["at"][1] + 10) == (tick == 0)


def test_a_collision_is_marked_where_the_run_has_it(tmp_path: Path) -> None:
    one = ran(tmp_path, BACK, 0)
    view = seen(one)
    hit = one.collision
    assert hit is not None and view.collision == hit
    assert view.touching[hit].all() and not view.touching[hit - 1].any()
    assert told(view, hit).endswith("COLLISION") and "gap" in told(view, 0)
    page = top_view(view, [("<held>", 2), ("kept", 2)])
    frame = data(page)["told"].index(told(view, hit))
    assert (
        f'data-frame="{frame}" title="COLLISION">{0.05 * hit:.2f} s: COLLISION<' in page
        and "0.10 s: &lt;held&gt; fails and 1 more<" in page
    )
    # On a bend to the left the camera has turned with the road.
    assert view.ahead[0] == pytest.approx(0.01 * 50) == view.heading[0, 0]
    marks = [mark for mark, _ in view.road.lines]
    assert sorted(marks) == sorted([Mark.CENTRE, Mark.BORDER, Mark.BETWEEN, Mark.BORDER]) and len(view.road.lanes) == 3
    for mark, line in view.road.lines[:1]:
        assert mark is Mark.CENTRE and all(
            math.hypot(x - 100, y - 100) == pytest.approx(100) for x, y in line if x > 100 or y > 1
        )


def test_the_view_ends_where_the_numbers_do(tmp_path: Path) -> None:
    one = ran(tmp_path)
    speed = one.trace.column("speed").values
    for value in (math.nan, math.inf, 1e30):
        speed[50] = value
        view = seen(one)
        assert view.ticks in (51, 52) and np.isfinite(view.x).all() and "NaN" not in top_view(view)


def test_a_gif_has_ten_pictures_a_second(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    view = seen(ran(tmp_path, BACK, 0))
    write_gif(view, tmp_path / "a.gif")
    with image.open(tmp_path / "a.gif") as picture:
        assert picture.size == SIZE and picture.n_frames == len(shown_ticks(view, 10.0, MOST)) == 41
        assert picture.info["duration"] == 100
    assert len(shown_ticks(view, 1000.0, 30)) <= 31


def command(line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "argv", line.split())
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr().err


def test_plots_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    written(tmp_path, CAR, BACK)
    line = "syncml sim loop.py --scenario push.yaml --engine interp -q --plot "
    command(line + "out.html", capsys, monkeypatch)
    page = (tmp_path / "out.html").read_text("utf-8")
    assert page.count('class="top-view"') == 1 and ": COLLISION<" in page
    for outer in ('href="http', "src=", "<link", "<img", "@import", "url(http"):
        assert outer not in page
    assert "U001" in command(line + "out.tiff", capsys, monkeypatch) and not (tmp_path / "out.tiff").exists()
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium")
    go = '<script>const at = document.querySelector(".top-view input"); at.value = 3; at.oninput();</script></body>'
    (tmp_path / "at3.html").write_text(page.replace("</body>", go), "utf-8")
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    words += ["--dump-dom", (tmp_path / "at3.html").as_uri()]
    shown = subprocess.run(words, check=True, capture_output=True, timeout=60, text=True).stdout
    run = data(page)
    for x, y, degrees, _ in run["boxes"][3]:
        assert f'transform="translate({x:g} {y:g}) rotate({degrees:g})"' in shown
    assert run["told"][3] in shown


def test_a_gif_needs_actors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    line = "syncml sim loop.py --scenario push.yaml --engine interp -q --plot out.gif"
    assert "U001" in command(line, capsys, monkeypatch) and not (tmp_path / "out.gif").exists()


def test_the_report_of_a_sweep_shows_its_worst_runs(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    hasty = CAR.replace('gap > 0.5, "no collision"', 'gap > 12.0, "far"')
    sweep = sweep_in(tmp_path, 6, hasty, CUT_IN)

    def tracing() -> RunOne:
        return interpreted_runs(sweep.checked.program, sweep.flat)

    store = run_sweep(
        sweep, Settings(tmp_path / "results", Form.CSV, part=64, traces=3), alone, tracing, lambda _: None
    )
    write_report(tmp_path / "r.html", "loop.py", sweep, store, tracing)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert page.count('class="top-view"') == page.count("fails at tick") == 5
    assert page.count("<script>") == 1 and ": far fails<" in page
