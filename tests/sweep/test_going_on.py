"""A sweep that stops goes on: nothing is lost, nothing is there twice, and nothing else gets in."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import syncml.files
from syncml.cli.sweep import Progress
from syncml.diagnostics.model import DiagnosticError
from syncml.sweep.plan import Sweep
from syncml.sweep.recorded import open_recorded
from syncml.sweep.rows import Rows, Summary
from syncml.sweep.store import read_manifest
from syncml.sweep.tables import Form
from syncml.sweep.workers import Piece, alone, processes
from tests.sweep.scenes import LOOP, PUSH, digest, sweep_in, swept


class Stopping:
    """Workers that stop after some pieces, or make every one and count them."""

    def __init__(self, pieces: int | None = None) -> None:
        self.left = pieces
        self.made: list[Piece] = []

    def __call__(self, sweep: Sweep, pieces: Iterator[Piece]) -> Iterator[tuple[Piece, Rows]]:
        for piece, rows in alone(sweep, pieces):
            if self.left == 0:
                raise KeyboardInterrupt
            self.left = None if self.left is None else self.left - 1
            self.made.append(piece)
            yield piece, rows


def refused(code: str, sweep: Sweep, folder: Path, **given: Any) -> str:
    with pytest.raises(DiagnosticError) as fault:
        swept(sweep, folder, **given)
    (found,) = fault.value.diagnostics
    assert found.code == code and found.help, found
    return f"{found.message}\n{found.help}"


def test_an_interrupted_sweep_makes_only_what_is_missing(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 150)
    swept(sweep, tmp_path / "whole")
    made: set[int] = set()
    stops = ((3, 7), (0, 10), (5, 16), (4, 9), (None, 64))
    for pieces, chunk in stops:
        workers = Stopping(pieces)
        try:
            store = swept(sweep, tmp_path / "parts", workers, chunk=chunk)
        except KeyboardInterrupt:
            assert pieces is not None
        for first, last in workers.made:
            assert made.isdisjoint(range(first, last))
            made |= set(range(first, last))
    assert made == set(range(150)) and store.summary.runs == 150
    assert digest(tmp_path / "parts") == digest(tmp_path / "whole")
    again = Stopping()
    swept(sweep, tmp_path / "parts", again)
    assert again.made == []


def test_a_killed_process_leaves_nothing_half_written(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 1000)
    command = [sys.executable, "-m", "syncml", "sweep", "loop.py", "--scenario", "push.yaml", "--runs", "1e3"]
    command += ["--out", "results", "--files", "csv", "--chunk", "7", "--jobs", "2", "--traces", "2"]
    environment = {**os.environ, "PYTHONPATH": str(Path(syncml.__file__).parents[1])}
    for _ in range(2):
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)
        pending = tmp_path / "results" / "pending"
        before = len(list(pending.glob("*.npy")))
        deadline = time.monotonic() + 60
        while len(list(pending.glob("*.npy"))) < before + 5 and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was quicker than expected"
    made = sum(int(p.stem[11:]) - int(p.stem[:10]) for p in pending.glob("*.npy"))
    assert 70 <= made < 1000
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    assert " were there" in run.stdout
    swept(sweep, tmp_path / "whole", part=65_536, traces=2)
    names = ("part-00000.csv", "sweep.json")
    assert [(tmp_path / "results" / n).read_bytes() for n in names] == [
        (tmp_path / "whole" / n).read_bytes() for n in names
    ]
    assert not pending.exists() and not list((tmp_path / "results").glob(".*.*"))


def test_an_interrupt_says_how_far_it_came(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from syncml.cli import main
    from syncml.sweep import workers

    sweep_in(tmp_path)
    monkeypatch.setattr(workers, "alone", Stopping(2))
    line = f"syncml sweep {tmp_path}/loop.py --scenario {tmp_path}/push.yaml --out {tmp_path}/o --chunk 16 --jobs 1"
    monkeypatch.setattr(sys, "argv", line.split())
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert "32 of 200 runs are done; the same command goes on" in capsys.readouterr().err


def test_the_line_on_the_terminal_says_how_long_the_rest_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there before does not count for the speed."""
    clock = [100.0]
    monkeypatch.setattr("syncml.cli.sweep.time.perf_counter", lambda: clock[0])
    progress = Progress(10_000, live=False)
    progress.told(Summary(2_000, 0, (1_999, 1, 0)))
    assert progress.line(Summary(2_000, 0, (1_999, 1, 0))) == "2,000 of 10,000 runs, 1 failed"
    clock[0] += 2.0
    done = Summary(4_000, 0, (3_000, 1_000, 0))
    progress.told(done)
    assert progress.line(done) == "4,000 of 10,000 runs, 1,000 a second, 6 s left, 1,000 failed"
    clock[0] += 3600.0
    assert ", 3 h 0 min left, " in progress.line(done)
    assert (progress.done, progress.before) == (4_000, 2_000)


def test_what_has_changed_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    swept(sweep_in(tmp_path, 20), folder)
    assert "the program has changed" in refused("S013", sweep_in(tmp_path, 20, LOOP.replace("6.0", "6.5")), folder)
    assert "the scenario has changed" in refused("S013", sweep_in(tmp_path, 20, scenario=PUSH + "source: x\n"), folder)
    assert "--seed 3" in refused("S013", sweep_in(tmp_path, 20, seed=4), folder)
    assert "--runs 20" in refused("S013", sweep_in(tmp_path, 30), folder)
    assert "--files csv" in refused("S013", sweep_in(tmp_path, 20), folder, form=Form.PARQUET)
    assert "--traces 3" in refused("S013", sweep_in(tmp_path, 20), folder, traces=4)
    sweep = sweep_in(tmp_path, 30, "\n\n# A comment, and lines that move.\n" + LOOP)
    before = digest(folder)
    refused("S013", sweep, folder)
    assert digest(folder) == before
    swept(sweep, folder, restart=True)
    swept(sweep_in(tmp_path, 30), tmp_path / "other")
    assert digest(folder) == digest(tmp_path / "other")


def test_a_weight_is_part_of_the_program(tmp_path: Path) -> None:
    network = LOOP.replace("drawn = bell", "w = constant([PLACE] * 12, type=f64)\n    drawn = w[11] + bell").replace(
        "from syncml import", "from syncml import constant,"
    )
    one, other = (sweep_in(tmp_path, 20, network.replace("PLACE", text)).identity for text in ("1.0", "2.0"))
    assert one.program != other.program and one.scenario == other.scenario


def test_a_road_is_part_of_the_scenario(tmp_path: Path) -> None:
    from tests.sweep.scenes import CAR, CUT_IN

    shared = "ego: {speed: speed}\ninputs:" + CUT_IN.partition("inputs:")[2]
    scenario = CUT_IN.partition("ego: {speed")[0] + "connection: c.yaml\n"
    (tmp_path / "c.yaml").write_text(shared, "utf-8")
    one = sweep_in(tmp_path, 20, CAR, scenario).identity
    (tmp_path / "c.yaml").write_text(shared.replace("high: 1", "high: 2"), "utf-8")
    other = sweep_in(tmp_path, 20, CAR, scenario).identity
    assert one.program == other.program and one.scenario != other.scenario


def test_two_sweeps_do_not_share_a_folder(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 100)

    def meanwhile(_: object) -> None:
        assert "another sweep" in refused("S013", sweep, tmp_path / "results")

    swept(sweep, tmp_path / "results", told=meanwhile)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 20)
    refused("U003", sweep, tmp_path)
    refused("U003", sweep, tmp_path / "loop.py")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loop.py", "push.yaml"]


def test_what_a_process_was_writing_goes_and_hidden_files_stay(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path, 10), tmp_path / "results"
    hidden = folder / ".env.local"
    folder.mkdir()
    hidden.write_text("the user's")
    unfinished = [folder / ".sweep.json.a1b2c3d4", folder / "pending" / ".0000000000-0000000005.npy.x_y2z3w4"]
    for path in unfinished:
        path.parent.mkdir(exist_ok=True)
        path.write_text("half")
    swept(sweep, folder)
    assert hidden.read_text() == "the user's"
    assert not any(path.exists() for path in unfinished)


def test_damage_is_told(tmp_path: Path) -> None:
    sweep, folder = sweep_in(tmp_path, 100), tmp_path / "results"
    with pytest.raises(KeyboardInterrupt):
        swept(sweep, folder, Stopping(3), chunk=16)
    (broken, *_) = (folder / "pending").glob("*.npy")
    whole = broken.read_bytes()
    for content in (b"", whole[:-9], b"nothing"):
        broken.write_bytes(content)
        assert f"delete {broken}" in refused("S014", sweep, folder)
    broken.unlink()
    swept(sweep, folder)
    swept(sweep, tmp_path / "whole")
    assert digest(folder) == digest(tmp_path / "whole")
    part = folder / "part-00001.csv"
    part.write_bytes(part.read_bytes().replace(b"passed", b"failed"))
    with pytest.raises(DiagnosticError, match="S014"):
        open_recorded(folder).row(70)
    manifest = (folder / "sweep.json").read_text("utf-8")
    for text in ("", manifest[:-50], manifest.replace('"runs"', '"turns"', 1), "[]"):
        (folder / "sweep.json").write_text(text, "utf-8")
        assert "--restart" in refused("S014", sweep, folder)


@pytest.mark.parametrize("failing", range(7))
def test_a_full_disk_costs_nothing_that_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    """Whichever file it is that cannot be written, the same sweep goes on when there is room."""
    sweep, folder = sweep_in(tmp_path, 100), tmp_path / "results"
    written: list[object] = []

    def full(*paths: object) -> None:
        written.append(paths)
        if len(written) > failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.rename(*paths)  # type: ignore[arg-type]  # noqa: PTH104

    with monkeypatch.context() as patch:
        patch.setattr(syncml.files.os, "replace", full)
        assert "free some space" in refused("D001", sweep, folder, chunk=32)
    assert not list(folder.rglob(".part*")) and not list(folder.rglob(".sweep*"))
    swept(sweep, folder, chunk=32)
    swept(sweep, tmp_path / "whole")
    assert digest(folder) == digest(tmp_path / "whole")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 20)
    refused("D001", sweep, tmp_path / "loop.py" / "results")


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = sweep_in(tmp_path, 100)
    swept(sweep, tmp_path / "whole")
    rows, tried = Sweep.rows, tmp_path / "tried"

    def killing(self: Sweep, first: int, last: int) -> Rows:
        if first == 48 and last > first + 1 and (not tried.exists() or tried.stat().st_size < endings):
            with tried.open("a") as file:
                file.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        return rows(self, first, last)

    monkeypatch.setattr(Sweep, "rows", killing)
    endings = 2
    store = swept(sweep, tmp_path / "results", processes(3), chunk=16)
    assert store.summary.runs == 100 and tried.stat().st_size == 2
    assert digest(tmp_path / "results") == digest(tmp_path / "whole")
    endings = 9
    message = refused("S016", sweep, tmp_path / "others", workers=processes(3), chunk=16)
    assert "signal 9" in message and "48 to 63" in message
    found = read_manifest(tmp_path / "others")
    assert found is not None and not found.complete


def test_a_fault_in_a_worker_is_told(tmp_path: Path) -> None:
    scenario = PUSH.replace('"${v}"]', '"${1 / (floor(v) - 1)}"]')
    sweep = sweep_in(tmp_path, 100, scenario=scenario.replace("v: {low: 0,", "v: {low: 0.1,"))
    assert "no finite value" in refused("S007", sweep, tmp_path / "results", workers=processes(2), chunk=16)


def test_a_mistake_in_a_worker_is_one_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(self: Sweep, first: int, last: int) -> Rows:
        raise ZeroDivisionError(first)

    sweep = sweep_in(tmp_path, 100)
    monkeypatch.setattr(Sweep, "rows", mistaken)
    with pytest.raises(ZeroDivisionError):
        swept(sweep, tmp_path / "results", processes(2))


def test_workers_that_are_no_copies_make_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on systems that cannot copy a process: each worker reads the files itself."""
    sweep = sweep_in(tmp_path, 100)
    swept(sweep, tmp_path / "whole")
    monkeypatch.setattr("syncml.sweep.workers.sys.platform", "darwin")
    swept(sweep, tmp_path / "results", processes(2), chunk=16)
    assert digest(tmp_path / "results") == digest(tmp_path / "whole")


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        (PUSH.replace("high: 3}", "high: .nan}"), "S001"),
        (PUSH.replace("high: 3}", "high: -3}"), "S001"),
        (PUSH.replace("sigma: 5, bound: 12", "sigma: .inf, bound: 12"), "S001"),
        (PUSH.replace("count: 200", "count: 0"), "S001"),
        (PUSH.replace('"${2 * p}"', '"${2 * q}"'), "S007"),
        (PUSH.replace("limit:", "limits:"), "S001"),
        (PUSH.replace("name:", "name"), "D002"),
    ],
)
def test_a_scenario_that_is_wrong_is_told_before_anything_is_written(tmp_path: Path, scenario: str, code: str) -> None:
    with pytest.raises(DiagnosticError) as fault:
        swept(sweep_in(tmp_path, 10, scenario=scenario), tmp_path / "results")
    assert fault.value.diagnostics[0].code == code
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("runs", [0, -1, 10**12])
def test_a_number_of_runs_has_bounds(tmp_path: Path, runs: int) -> None:
    with pytest.raises(DiagnosticError, match="U001"):
        sweep_in(tmp_path, runs)


def test_memory_does_not_grow_with_the_runs(tmp_path: Path) -> None:
    """What is asked for is a few columns of a chunk, whatever the number of runs."""
    sweep = sweep_in(tmp_path, 50_000_000)
    assert sweep.identity.runs == 50_000_000
    rows = sweep.rows(49_999_990, 50_000_000)
    assert rows["run"][-1] == 49_999_999 and np.isfinite(rows["parameter.v"]).all()
