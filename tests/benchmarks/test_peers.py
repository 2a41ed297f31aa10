"""The networks of the comparison with other exporters: exported and written by hand they give the same bits."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.export_c.peers import networks, others
from benchmarks.export_c.peers.run import Bench, Unequal, agreeing, show
from syncml.export_c.targets import HOST
from syncml.lang.load import program_of
from syncml.pipeline import check
from tests.support.tools import needs


@needs("gcc")
def test_exported_and_hand_written_networks_agree(tmp_path: Path) -> None:
    bench = Bench(tmp_path, None)
    found: list[bytes] = []
    for sources in (bench.exported("tanh", check(program_of(networks.mlp_tanh)), HOST), bench.by_hand("tanh_f32", 32)):
        bench.timed(sources, ["gcc", "-O1"], 1)()
        found.append(bench.output[:2].tobytes())
    assert found[0] == found[1] != bytes(8)


def test_a_peer_that_is_not_installed_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # An interpreter without its site-packages: nothing is installed there.
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o755)
    assert others.Runtime(str(bare), "litert", tmp_path / "no.onnx").absent == "numpy is not installed"
    assert others.emlearn(str(bare), tmp_path) == "numpy is not installed"
    show("networks", {"exported": lambda: 2.0, "other": lambda: 3.0, "absent": "not installed"}, 1)
    shown = " ".join(capsys.readouterr().out.split())
    assert shown == "networks exported 2 ns 1.00 other 3 ns 1.50 absent not installed"


@needs("gcc")
def test_a_peer_that_computes_something_else_stops_the_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, None)

    def writes(value: float) -> float:
        bench.output[:2] = value
        return 1.0

    assert agreeing(bench, "peer", lambda: writes(1.0), lambda: writes(1.0005), 2, 1e-3)() == 1.0
    with pytest.raises(Unequal, match="peer computes something else"):
        agreeing(bench, "peer", lambda: writes(1.0), lambda: writes(1.0005), 2)
    with pytest.raises(Unequal):
        agreeing(bench, "peer", lambda: writes(1.0), lambda: 1.0, 2)


def test_the_drive_reaches_all_modes_of_the_control_program() -> None:
    enabled, healthy = others.control_inputs().T[2:] > 0.0
    assert np.any(enabled & healthy) and np.any(~enabled) and np.any(~healthy)
