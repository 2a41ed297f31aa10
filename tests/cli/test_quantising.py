"""`syncml export --int8`: integers at the interface, from files to vectors, and what the evidence says of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from syncml.cli.exit import ExitCode
from tests.cli.conftest import Syncml

PROGRAM = """
from typing import Literal as L

import numpy as np

from syncml import Stream, Vec, node, tanh
from syncml.nodes.neural import Dense

rng = np.random.default_rng(0)
LAYER = Dense(rng.normal(size=(2, 3)).astype(np.float32), np.zeros(2, np.float32), tanh)


@node
def policy(x: Stream[Vec[L[3]]]) -> Stream[Vec[L[2]]]:
    return LAYER(x)
"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    (tmp_path / "policy.py").write_text(PROGRAM)
    x = np.random.default_rng(1).uniform(-2, 2, size=(40, 3)).astype(np.float32)
    x[0], x[1] = -2.0, 2.0
    np.savez(tmp_path / "x.npz", x=x)
    return tmp_path


def test_values_of_a_file_are_replayed_as_integers(syncml: Syncml, recording: Path) -> None:
    rows = ["x[0],x[1],x[2]", "-1.9,0,1.9", "0.5,99,-99", "0.004,-0.02,0.02"]
    (recording / "x.csv").write_text("\n".join(rows) + "\n")
    result = syncml("export", "policy.py", "--int8", "x.npz", "--input", "x.csv", "-o", "c")
    assert result.code == ExitCode.OK and "no floating-point number at run time" in result.out
    evidence = json.loads((recording / "c/evidence/quantisation.json").read_text("utf-8"))
    taken, given = evidence["interface"]
    assert (taken["stream"], taken["scale_macro"]) == ("x", "POLICY_X_SCALE")
    assert given["zero_point_macro"] == "POLICY_OUT_ZERO_POINT" and not evidence["conversions"]
    assert not evidence["equations_in_floats"]
    numbers = np.array([[float(cell) for cell in row.split(",")] for row in rows[1:]], np.float32)
    expected = np.clip(np.floor(numbers / taken["scale"] + 0.5) + taken["zero_point"], -128, 127).astype(np.int8)
    vectors = (recording / "c/harness/vectors.bin").read_bytes()
    assert all(row.tobytes() in vectors for row in expected)


def test_floats_at_the_interface_are_asked_for(syncml: Syncml, recording: Path) -> None:
    result = syncml("export", "policy.py", "--int8", "x.npz", "--interface", "float", "-o", "c")
    assert result.code == ExitCode.OK and "x becomes integers for the interface" in result.out
    header = (recording / "c/include/policy.h").read_text("utf-8")
    assert "float x[3]" in header and "float out[2]" in header and "_SCALE" not in header


def test_an_interface_of_integers_needs_a_calibration(syncml: Syncml, recording: Path) -> None:
    result = syncml("export", "policy.py", "--interface", "float", "-o", "c")
    assert result.code == ExitCode.USAGE and "U001" in result.err and not (recording / "c").exists()
