"""Run with `pytest`: the contracts are proved, and the car holds its speed on a hill."""

import csv
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def syncml(*arguments: str) -> None:
    """Run a command of syncml in this folder; it must exit with 0."""
    run = subprocess.run([sys.executable, "-m", "syncml", *arguments], cwd=HERE, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_contract_is_proved() -> None:
    """Prove the controller by itself, and in the car."""
    syncml("verify", "pipeline.py:cruise")
    syncml("verify", "pipeline.py:car")


def test_the_car_holds_its_speed_on_a_hill(tmp_path: Path) -> None:
    """Be within 0.1 m/s of the set speed at the end of the scenario."""
    trace = tmp_path / "hill.csv"
    syncml("sim", "pipeline.py", "--scenario", "hill.yaml", "--out", str(trace))
    rows = list(csv.DictReader(trace.read_text().splitlines()))
    assert abs(float(rows[-1]["v"]) - float(rows[-1]["v_set"])) < 0.1
