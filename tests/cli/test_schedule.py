"""`syncml schedule`: counts, phases, documents, and the page of the reference."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from syncml.cli.schemas import schema_file
from tests.docs.pages import ROOT, Reader

PROGRAM = """\
from syncml import Hz, Stream, f32, hold, node, sample, sigmoid, tanh


@node(rate=Hz(60))
def main(x: Stream[f32]) -> Stream[f32]:
    a = tanh(sample(x, to=Hz(20)))
    b = sigmoid(sample(-x, to=Hz(30)))
    return hold(a, init=0.0) + hold(b, init=0.5)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def document(syncml: Callable, *arguments: str | Path) -> dict:
    done = syncml("schedule", *arguments, "--format", "json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    jsonschema.validate(found, json.loads(schema_file("schedule").read_text()))
    return found


def test_phases_lower_the_peak(syncml: Callable, program: Path) -> None:
    """20 Hz and 30 Hz of 60 Hz always meet once in six ticks, whatever the phases."""
    before, after = document(syncml, program), document(syncml, program, "--flatten")
    assert (before["prefix"], before["period"], before["complete"]) == (0, 6, True)
    busy = [total > min(before["operations"]) for total in before["operations"]]
    assert busy == [True, False, True, True, True, False]
    assert before["moves"] == []
    assert after["operations"] == before["operations"]


def test_rates_that_divide_each_other_are_moved_apart(syncml: Callable, program: Path) -> None:
    program.write_text(PROGRAM.replace("Hz(20)", "Hz(10)"))
    before, after = document(syncml, program), document(syncml, program, "--flatten")
    assert (before["applied"], after["applied"]) == (False, True)
    assert before["peak_after"] == after["peak"] < before["peak"]
    assert [move["edit"] for move in before["moves"]] == ["sample(..., to=Hz(30), phase=ms(Fraction(50, 3)))"]
    assert before["moves"] == after["moves"]
    assert after["proved"]


def test_a_sampling_that_a_hold_needs_at_the_first_tick_stays(syncml: Callable, program: Path) -> None:
    program.write_text(PROGRAM.replace("Hz(20)", "Hz(10)").replace(", init=0.0", "").replace(", init=0.5", ""))
    assert document(syncml, program)["moves"] == []


def test_a_drawing_has_a_bar_for_each_tick_and_clock(syncml: Callable, program: Path, tmp_path: Path) -> None:
    assert "wrote" in syncml("schedule", program, "-o", "executive.svg").out
    drawn = ElementTree.fromstring((tmp_path / "executive.svg").read_text())
    bars = [t.text for t in drawn.iter("{http://www.w3.org/2000/svg}title") if t.text and t.text.startswith("tick")]
    assert sum("base every (100)" in text for text in bars) == 2
    assert sum("base every (10)" in text for text in bars) == 3


def test_a_package_has_the_drawing_of_several_rates(syncml: Callable, program: Path, tmp_path: Path) -> None:
    assert syncml("schedule", program, "-o", "executive.svg").code == 0
    assert syncml("export", program, "-o", "out", "-q").code == 0
    drawing = tmp_path / "out/evidence/schedule.svg"
    assert drawing.read_text() == (tmp_path / "executive.svg").read_text()
    program.write_text(PROGRAM.replace("Hz(20)", "Hz(60)").replace("Hz(30)", "Hz(60)"))
    assert syncml("export", program, "-o", "out", "-q").code == 0
    assert not drawing.exists()


def test_only_svg_is_drawn(syncml: Callable, program: Path) -> None:
    done = syncml("schedule", program, "-o", "executive.pdf")
    assert done.code == 2
    assert "U001" in done.err


def test_the_page_of_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    assert Reader(tmp_path).read(ROOT / "docs" / "reference" / "schedules.md")


RATES = """\
from syncml import (
    Hz,
    Stream, every, f32, hold, node, sample, sigmoid, tanh,
)  # the names


@node(rate=Hz(60))
def main(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    a, b = tanh(sample(x, to=Hz(10))), tanh(sample(y, to=Hz(10)))
    third = every(3)
    c = sigmoid(sample(-x, third)) + sample(
        y,
        every(3, 0),
    )
    return hold(a + b, init=0.0) + hold(c, init=0.5) + hold(sigmoid(sample(x * y, to=Hz(30))), init=0.5)
"""


@pytest.mark.parametrize("text", [PROGRAM.replace("Hz(20)", "Hz(10)"), RATES])
def test_the_phases_are_written_into_the_program(syncml: Callable, program: Path, text: str) -> None:
    """What is written is what was counted, and every call that shares a word is moved."""
    program.write_text(text)
    wanted = document(syncml, program)
    assert wanted["peak_after"] < wanted["peak_before"]
    done = syncml("schedule", program, "--flatten", "--write")
    assert done.code == 0, done.err
    assert f"its peak is {wanted['peak_after']}" in done.out
    written = document(syncml, program)
    assert written["peak"] == wanted["peak_after"]
    assert written["moves"] == []
    assert "phase=ms(" in program.read_text()


def test_a_call_that_stands_for_several_moves_is_left_as_it_was(syncml: Callable, program: Path) -> None:
    text = """\
from syncml import Hz, Stream, f32, hold, node, sample, tanh


def slow(x: Stream[f32], rate: int) -> Stream[f32]:
    return hold(tanh(sample(x, to=Hz(rate))), init=0.0)


@node(rate=Hz(60))
def main(x: Stream[f32]) -> Stream[f32]:
    return slow(x, 10) + slow(x, 30) + slow(x, 20)
"""
    program.write_text(text)
    assert document(syncml, program)["moves"]
    done = syncml("schedule", program, "--flatten", "--write")
    assert done.code == 2
    assert "the phases are not written" in done.err
    assert "edit by hand: line" in done.err
    assert program.read_text() == text


def test_write_needs_flatten(syncml: Callable, program: Path) -> None:
    assert syncml("schedule", program, "--write").code == 2
