"""Plots: what is drawn where, and that each format is written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.ir.types import BOOL, F32, EnumType, TensorType
from syncml.sim.plot import panels, write_plot
from syncml.sim.trace import Column, Trace

MODE = EnumType("Mode", ("CRUISE", "FOLLOW"))


def trace(ticks: int = 50) -> Trace:
    every = np.ones(ticks, dtype=np.bool_)
    slow = np.arange(ticks) % 4 == 0
    ramp = np.arange(ticks, dtype=np.float32)
    return Trace(
        (
            Column("gap", F32, ramp, every, "", "m"),
            Column("radar_gap", F32, ramp, slow, "25 Hz", "m"),
            Column("speed", F32, ramp, every, "", "m/s"),
            Column("hidden", TensorType(F32, (16,)), np.zeros((ticks, 16), dtype=np.float32), every),
            Column("mode", MODE, (np.arange(ticks) > 20).astype(np.int32), every),
            Column("lost", BOOL, slow, every),
            Column("never", F32, ramp, ~every, "", "m"),
        ),
        ticks,
        Fraction(100),
    )


def test_streams_are_grouped_by_unit_and_modes_come_last() -> None:
    assert [(unit, [c.name for c in columns]) for unit, columns in panels(trace())] == [
        ("m", ["gap", "radar_gap"]),
        ("m/s", ["speed"]),
        ("", ["mode", "lost"]),
    ]


def test_the_page_is_self_contained_and_names_streams_modes_and_failures(tmp_path: Path) -> None:
    write_plot(trace(), tmp_path / "p.html", "Cut-in <1>", [("contract", "held")], [("comfort", 30)])
    page = (tmp_path / "p.html").read_text()
    for text in ("Cut-in &lt;1&gt;", "radar_gap (25 Hz)", "FOLLOW", "comfort fails", "<th>contract</th><td>held</td>"):
        assert text in page
    assert 'href="http' not in page
    assert "src=" not in page


def test_the_same_trace_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        write_plot(trace(), tmp_path / name, "run")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_picture_has_pixels(tmp_path: Path) -> None:
    write_plot(trace(), tmp_path / "p.png", "run")
    assert (tmp_path / "p.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError, match="U001"):
        write_plot(trace(), tmp_path / "p.docx", "run")
