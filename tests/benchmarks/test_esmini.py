"""The comparison with esmini finds what differs; a program that writes esmini's log takes the place of esmini."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sim.esmini import difference, main, ours
from tests.support.openscenario import scenario, write

PLAYER = """#!{python}
import sys

log = sys.argv[sys.argv.index("--csv_logger") + 1]
period = float(sys.argv[sys.argv.index("--fixed_timestep") + 1])
assert "--headless" in sys.argv and "--disable_controllers" in sys.argv
with open(log, "w") as out:
    print("esmini GIT REV: none", file=out)
    title = "#{{0}} Entity_Name [-], #{{0}} Entity_ID [-], #{{0}} World_Position_X [m], #{{0}} World_Position_Y [m], "
    print("Index [-], TimeStamp [s], " + title.format(1) + title.format(2), file=out)
    for tick in range(81):
        x = 10.0 * period * tick
        other = 50 + x - (0.25 if tick > 40 else 0.0)
        print(f"{{tick}}, {{tick * period}}, Ego, 0, {{10 + x}}, -1.5, Other, 1, {{other}}, -1.5, ", file=out)
"""


def player(folder: Path) -> Path:
    program = folder / "player"
    program.write_text(PLAYER.format(python=sys.executable))
    program.chmod(0o755)
    return program


def test_places_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    write(folder, scenario())
    (folder / "wrong.xosc").write_text(scenario().replace("<Init>", "<Nothing/><Init>"))
    assert main([str(player(tmp_path)), str(folder), "--rate", "10"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows[0] == ["scenario", "Ego", "81/81", "0.0000", "0.00", "0", "0.0000"]
    assert rows[1][:3] == ["scenario", "Other", "81/81"]
    assert [float(x) for x in rows[1][3:]] == [0.25, 4.1, 0.0, 0.25]
    assert rows[2][:3] == ["wrong", "not", "read:"]


def test_a_tick_ahead_is_seen(tmp_path: Path) -> None:
    places = ours(write(tmp_path, scenario()), 0.1)["Ego"]
    found = difference(places[:-1], places[1:], 0.1)
    assert (found.ahead, found.most, found.shifted) == (1, pytest.approx(1.0), 0.0)
    found = difference(places, places + np.array([0.0, 0.5]), 0.1)
    assert (found.ahead, found.most, found.shifted) == (0, 0.5, 0.5)
