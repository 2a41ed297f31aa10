"""What is wrong with a sweep, a search or a replay is told with its code, and leaves nothing half written."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from syncml.search import search as searching
from tests.cli.conftest import Syncml, syncml
from tests.sweep.scenes import CAR, CUT_IN, LOOP, PUSH, written

__all__ = ["syncml"]

SWEEP = ("sweep", "loop.py", "--scenario", "push.yaml", "--out", "r", "--runs", "60", "--jobs", "1")
SEARCH = ("search", "loop.py", "--scenario", "push.yaml", "--runs", "200", "-o", "r")
BROKEN = [
    ("seed: 3", "seed: -1", "S001"),
    ("seed: 3", "seed: 18446744073709551616", "S001"),
    ("{low: 0, high: 3}", "{low: .nan, high: 3}", "S001"),
    ("{low: 0, high: 3}", "{low: 0, high: .inf}", "S001"),
    ("{low: 0, high: 3}", "{low: -1.0e+308, high: 1.0e+308}", "S007"),
    ("sigma: 5", "sigma: .nan", "S001"),
    ('"${2 * p}"', '"${2 * p / 0}"', "S007"),
    ('"${2 * p}"', '"${1e300 * p}"', "S003"),
    ('"${2 * p}"', '"${3e38 * (1 + floor(v / 2.9))}"', "S003"),
    ('"${2 * p}"', '"${p + q}"', "S007"),
    ("{sigma: 0.2, bound: 0.5}", "{sigma: .inf, bound: 0.5}", "S001"),
    ('"${0.5 + 0.5 * floor(v)} s"', "1.0e+12 s", "S008"),
    ('"${0.5 + 0.5 * floor(v)} s"', '"${1 - floor(v / 2)} s"', "S008"),
    ("p < 14", "p < -99", "S008"),
]


def files(folder: Path) -> set[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in found if "__pycache__" not in name and not name.endswith(".lock")}


@pytest.mark.parametrize("command", [SWEEP, SEARCH])
@pytest.mark.parametrize(("was", "now", "code"), BROKEN)
def test_a_broken_scenario_is_told(
    tmp_path: Path, syncml: Syncml, command: tuple[str, ...], was: str, now: str, code: str
) -> None:
    assert PUSH.count(was) == 1
    written(tmp_path, LOOP, PUSH.replace(was, now))
    found = syncml(*command)
    assert f"error[{code}]" in found.err
    assert found.code == 1
    # A sweep keeps what it had made before it met the run that is impossible: here nothing.
    assert files(tmp_path) - {"r/sweep.json"} == {"loop.py", "push.yaml"}


@pytest.mark.parametrize("command", [SWEEP, SEARCH])
@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("[5, 15, 25]", "[5, .inf]", "S001"),
        ('"${dx}"', '"${1 / (dx - 25)}"', "S007"),
        ("duration: 6 s", 'duration: "${dx - 20} s"', "S008"),
        ("duration: 6 s", 'duration: "${sqrt(dx - 20)} s"', "S007"),
        ("lane: -2", "lane: -7", "S011"),
    ],
)
def test_so_is_one_with_actors(
    tmp_path: Path, syncml: Syncml, command: tuple[str, ...], was: str, now: str, code: str
) -> None:
    written(tmp_path, CAR, CUT_IN.replace(was, now, 1))
    found = syncml(*command)
    assert (found.code, f"error[{code}]" in found.err) == (1, True)
    assert files(tmp_path) - {"r/sweep.json"} == {"loop.py", "push.yaml"}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("sweep", "loop.py", "--scenario", "push.yaml", "--out", "taken"), "taken has files that are no results"),
        (("sweep", "loop.py", "--scenario", "push.yaml", "--out", "taken/r"), "cannot write taken/r"),
        ((*SWEEP, "--report", "taken/r.xml"), "cannot write taken/r.xml"),
        (("search", "loop.py", "--scenario", "push.yaml", "-o", "taken"), "cannot write taken/failing"),
        (("replay", "r", "3", "--out", "taken/run.csv"), "cannot write taken/run.csv"),
        (("replay", "taken", "3"), "no results of a sweep in taken"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_anything_runs(
    tmp_path: Path, syncml: Syncml, command: tuple[str, ...], message: str
) -> None:
    written(tmp_path, LOOP, PUSH)
    (tmp_path / "taken").write_text("a file")
    found = syncml(*command)
    assert found.code != 0
    assert message in found.err
    assert files(tmp_path) == {"loop.py", "push.yaml", "taken"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seed", "-1"), "-1 is no seed"),
        (("--runs", "1e12"), "not 1,000,000,000,000"),
        (("--runs", "100", "--method", "importance"), "from 200 to"),
        (("--runs", "50", "--method", "subset"), "from 100 to"),
        (("--stream", "speed", "--least", "nan"), "a finite number"),
        (("--stream", "speed", "--greatest", "inf"), "a finite number"),
    ],
)
def test_numbers_out_of_range_are_told(tmp_path: Path, syncml: Syncml, options: tuple[str, ...], message: str) -> None:
    written(tmp_path, LOOP, PUSH)
    found = syncml("search", "loop.py", "--scenario", "push.yaml", *options)
    assert (found.code, message in found.err) == (2, True), found.err


def test_an_interrupted_search_leaves_nothing(tmp_path: Path, syncml: Syncml, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    written(tmp_path, LOOP, PUSH)
    monkeypatch.setattr(searching, "shrunk", interrupt)
    found = syncml(*SEARCH)
    assert (found.code, found.err) == (130, "")
    assert files(tmp_path) == {"loop.py", "push.yaml"}
