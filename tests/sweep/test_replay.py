"""A run of a sweep again: the same bits by every engine, or it says what differs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from syncml.cli import main
from syncml.cli.schemas import schema_file
from syncml.diagnostics.model import DiagnosticError
from syncml.scenario.runners import interpreted_runs
from syncml.sweep.recorded import Recorded, open_recorded
from tests.sweep.scenes import CAR, CUT_IN, LOOP, sweep_in, swept, written

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def syncml(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["syncml", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return call


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    swept(sweep_in(tmp_path, 60), tmp_path / "results")
    return open_recorded(tmp_path / "results")


@pytest.mark.parametrize("engine", ["interp", "lanes", "numba"])
def test_a_run_again_has_the_same_bits(recorded: Recorded, syncml: Command, engine: str, tmp_path: Path) -> None:
    kept = recorded.manifest.traces[0]
    code, out, _ = syncml(
        "replay", "results", str(kept.run), "--engine", engine, "--out", "again.csv", "--plot", "p.svg"
    )
    assert code == 1
    assert f"run {kept.run} of results: failed; the same bits as in the sweep (" in out and ", the trace)" in out
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "results" / kept.file).read_bytes()
    assert (tmp_path / "p.svg").read_text().startswith("<?xml")


def test_a_run_among_actors_again(tmp_path: Path, syncml: Command) -> None:
    swept(sweep_in(tmp_path, 20, CAR, CUT_IN), tmp_path / "results", traces=0)
    for run, verdict, expected in ((2, "passed", 0), (13, "failed", 1)):
        code, out, err = syncml("replay", "results", str(run), "--engine", "interp")
        assert code == expected and f"run {run} of results: {verdict}; the same bits" in out, err


def test_what_differs_is_told(recorded: Recorded) -> None:
    run = interpreted_runs(recorded.sweep.checked.program, recorded.sweep.flat)
    number = recorded.manifest.traces[0].run
    row = recorded.row(number)
    ran = recorded.sweep.run(number, run)
    assert "the trace" in recorded.check(number, row, ran)
    for name in ("speed.last", "verdict", "seed", "parameter.kind"):
        with pytest.raises(DiagnosticError) as fault:
            recorded.check(number, {**row, name: "other"}, ran)
        assert fault.value.diagnostics[0].code == "S015"
        assert fault.value.diagnostics[0].notes == (f"{name} was other and is {row[name]}",)
    trace = recorded.manifest.traces[0].model_copy(update={"sha256": "0" * 64})
    manifest = recorded.manifest.model_copy(update={"traces": [trace]})
    with pytest.raises(DiagnosticError, match="S015"):
        Recorded(recorded.folder, manifest, recorded.sweep).check(number, row, ran)


def test_what_cannot_be_made_again(recorded: Recorded, syncml: Command, tmp_path: Path) -> None:
    left_out = next(n for n in range(60) if not recorded.sweep.is_admitted(n))
    for words, code, exit_code in (
        (("results", "60"), "U001", 2),
        (("results", str(left_out)), "S008", 1),
        (("elsewhere", "1"), "D001", 1),
    ):
        ended, _, err = syncml("replay", *words)
        assert f"error[{code}]" in err and ended == exit_code
    written(tmp_path, LOOP.replace("6.0", "6.5"))
    ended, _, err = syncml("replay", "results", "1")
    assert "error[S013]" in err and "the program has changed" in err and ended == 1


def test_a_folder_moves_with_its_program(tmp_path: Path, syncml: Command) -> None:
    (tmp_path / "here").mkdir()
    swept(sweep_in(tmp_path / "here", 20), tmp_path / "here" / "results")
    (tmp_path / "here").rename(tmp_path / "there")
    ended, out, _ = syncml("replay", "there/results", "0")
    assert "the same bits" in out and ended in (0, 1)


def test_the_document_fits_its_schema(tmp_path: Path, syncml: Command) -> None:
    written(tmp_path)
    code, out, _ = syncml(
        "sweep", "loop.py", "--scenario", "push.yaml", "--out", "r", "--runs", "1e2", "--jobs", "1", "--format", "json"
    )
    document = json.loads(out)
    jsonschema.validate(document, json.loads(schema_file("sweep").read_text()))
    made = document["passed"] + document["failed"] + document["outside"]
    assert document["runs"] == 100 == made + document["left_out"] and (code == 1) == (document["failed"] > 0)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--runs", "nan"), "U001"),
        (("--runs", "0"), "U001"),
        (("--runs", "1.5"), "U001"),
        (("--runs", "1e12"), "U001"),
        (("--runs", "many"), "U001"),
        (("--address", "head:1"), "U001"),
        (("--scenario", "none.yaml"), "D001"),
    ],
)
def test_an_option_that_is_wrong_writes_nothing(
    tmp_path: Path, syncml: Command, words: tuple[str, ...], code: str
) -> None:
    written(tmp_path)
    _, _, err = syncml("sweep", "loop.py", "--scenario", "push.yaml", "--out", "r", "--jobs", "1", *words)
    assert f"error[{code}]" in err, err
    assert not (tmp_path / "r").exists()


def test_without_pyarrow_results_are_csv(tmp_path: Path, syncml: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("syncml.sweep.tables.find_spec", lambda _: None)
    line = ("sweep", "loop.py", "--scenario", "push.yaml", "--runs", "20", "--jobs", "1", "--traces", "0")
    _, out, _ = syncml(*line, "--out", "a")
    assert "(csv)" in out and (tmp_path / "a" / "part-00000.csv").exists()
    ended, _, err = syncml(*line, "--out", "b", "--files", "parquet")
    assert "error[D006]" in err and "pip install 'syncml[parquet]'" in err and ended == 1
    assert not (tmp_path / "b").exists()


def test_settings_are_part_of_a_sweep_and_of_a_run_again(tmp_path: Path, syncml: Command) -> None:
    program = LOOP.replace("import Hz,", "import Hz, param,").replace("<= 6.0", '<= param("bound", 6.0)')
    written(tmp_path, program)
    line = ("sweep", "loop.py", "--scenario", "push.yaml", "--jobs", "1", "--runs", "50", "--files", "csv")
    usual = syncml(*line, "--out", "a")
    _, out, _ = syncml(*line, "--out", "b", "--set", "bound=-100.0")
    assert "outside" in out and out.splitlines()[1] != usual[1].splitlines()[1]
    assert "the same bits" in syncml("replay", "b", "0")[1]
    assert "the program has changed" in syncml(*line, "--out", "a", "--set", "bound=-100.0")[2]


def test_numbers_that_a_machine_does_not_have_are_remarked(tmp_path: Path, syncml: Command) -> None:
    written(tmp_path, LOOP.replace("i32", "integer"))
    line = ("sweep", "loop.py", "--scenario", "push.yaml", "--jobs", "1", "--runs", "20", "--out", "a")
    assert "note[" in syncml(*line)[2]
