"""What an export records: long enough that every segment ends."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from syncml.cli.app import app
from syncml.cli.recording import ticks_of_a_round
from syncml.pipeline import check_file

PROGRAM = """
from syncml import Stream, f32, node, segment, state, when


@node
def main(x: Stream[f32]) -> Stream[f32]:
    with segment(every={}) as block:
        total = state(init=0.0)
        total.next = total + x
    return when(total.next, block.last)
"""


def test_a_run_goes_on_until_each_segment_has_ended(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(1300), "utf-8")
    assert ticks_of_a_round(check_file(str(program)).flat) == 1301
    given = ["export", str(program), "-o", str(tmp_path / "out")]
    assert "replays 1301 recorded ticks" in CliRunner().invoke(app, given).output
    program.write_text(PROGRAM.format(10), "utf-8")
    given[-1] = str(tmp_path / "other")
    assert "replays 1000 recorded ticks" in CliRunner().invoke(app, given).output
