"""On a cluster of two workers, one of which is killed in the middle, nothing is lost and nothing is there twice."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.sweep.clusters import make_piece, on_dask, on_ray
from tests.sweep.scenes import LOOP, sweep_in, written

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_killed_worker_costs_nothing(engine: str, package: str, tmp_path: Path) -> None:
    if find_spec(package) is None:
        pytest.skip(f"the extra {engine} is not installed")
    if not Path("/proc/self/stat").exists():
        pytest.skip("the worker to kill is found in /proc")
    command = [sys.executable, "-m", "tests.sweep.on_cluster", engine, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert run.returncode == 0 and "\nsame " in "\n" + run.stdout, run.stdout + run.stderr


def test_a_worker_with_other_files_makes_nothing(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, 20)
    assert not isinstance(make_piece(sweep.plan, sweep.identity, 0, 4), DiagnosticError)
    other = sweep_in(tmp_path, 20, LOOP.replace("6.0", "7.0"))
    assert not isinstance(make_piece(other.plan, other.identity, 0, 4), DiagnosticError)
    written(tmp_path)
    found = make_piece(other.plan, replace(other.identity, seed=9), 0, 4)
    assert isinstance(found, DiagnosticError) and found.diagnostics[0].code == "S013"


@pytest.mark.parametrize(("package", "workers"), [("ray", on_ray), ("distributed", on_dask)])
def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch, package: str, workers: object) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DiagnosticError) as fault:
        workers(2, None)  # type: ignore[operator]
    (found,) = fault.value.diagnostics
    assert found.code == "D006" and found.help in ("pip install 'syncml[ray]'", "pip install 'syncml[dask]'")
