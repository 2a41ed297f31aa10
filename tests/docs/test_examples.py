"""Each example is well-formed, every contract of it is proved, it runs, and its C has the interpreter's bits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

EXAMPLES = ROOT / "examples"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
STIMULI = {
    "adapt": ("--scenario", "adapt.yaml"),
    "counter": ("--input", "events.csv"),
    "door": ("--input", "door.csv"),
    "cruise": ("--scenario", "hill.yaml"),
    "follow": ("--scenario", "hard_braking.yaml"),
    "gru": ("--scenario", "gru.yaml"),
    "limiter": ("--input", "requests.csv"),
    "modes": ("--scenario", "modes.yaml"),
    "multirate": ("--scenario", "multirate.yaml"),
    "vibration": ("--scenario", "vibration.yaml"),
    "trackers": ("--scenario", "trackers.yaml"),
    "steady": ("--scenario", "steady.yaml"),
}


def syncml(*arguments: str, folder: Path = EXAMPLES) -> str:
    line = [sys.executable, "-m", "syncml", *arguments]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def program(name: str) -> str:
    return next(p.name for p in EXAMPLES.glob(f"{name}.*") if p.suffix in (".py", ".lus"))


def test_every_example_is_tested() -> None:
    programs = [p for p in EXAMPLES.glob("*") if p.suffix in (".py", ".lus") and not p.stem.startswith("train_")]
    assert {path.stem for path in programs} == set(STIMULI)
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    assert all(f"({path.name})" in listed for path in programs)


@pytest.mark.parametrize("name", STIMULI)
def test_the_header_says_what_to_run(name: str) -> None:
    text = (EXAMPLES / program(name)).read_text("utf-8")
    header = text.split('"""')[1] if name != "limiter" else text.split("*)")[0]
    assert re.findall(rf"^syncml +\w+ +examples/{re.escape(program(name))}", header, re.MULTILINE)
    assert all((ROOT / path).exists() for path in re.findall(r"examples/[\w.]+\w", header))


@pytest.mark.parametrize("name", STIMULI)
def test_an_example_goes_the_whole_way(name: str, tmp_path: Path) -> None:
    file_name, (option, file) = program(name), STIMULI[name]
    assert "well-typed, well-clocked, causal, initialised" in syncml("check", file_name)
    assert "unknown" not in syncml("verify", file_name, "--timeout", "50", "--jobs", "1")
    ran = syncml("sim", file_name, option, file, "--engine", "interp")
    assert "fails" not in ran
    assert "holds" in ran
    syncml("export", file_name, option, file, "-o", str(tmp_path / "c"), "--steps", "7")
    checked = subprocess.run(["make", "-C", str(tmp_path / "c"), "check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "all equal bit for bit" in checked.stdout


def test_the_weights_of_the_policy_are_what_training_yields(tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import load_file

    shutil.copy(EXAMPLES / "train_follow.py", tmp_path)
    subprocess.run([sys.executable, "train_follow.py"], cwd=tmp_path, check=True, env=ENVIRONMENT)
    made, kept = (load_file(folder / "policy.safetensors") for folder in (tmp_path, EXAMPLES))
    assert made.keys() == kept.keys()
    # Rounding differs between machines.
    assert all(np.allclose(made[name], kept[name], atol=1e-3) for name in made)


def test_the_example_of_training_finds_the_brake(tmp_path: Path) -> None:
    """In two parts, as a user may run it."""
    import csv

    given = ("train", "train_lag.py", "--checkpoint", str(tmp_path / "lag"))
    syncml(*given, "--steps", "20000")
    assert "2,000 updates" in syncml(*given, "--steps", "40000", "--resume")
    with (tmp_path / "lag" / "curve.csv").open() as file:
        *_, last = csv.DictReader(file)
    assert (float(last["decay"]), float(last["gain"])) == pytest.approx((0.9, 0.08), abs=1e-6)
    assert "(train_lag.py)" in (EXAMPLES / "README.md").read_text("utf-8")
    assert "syncml train examples/train_lag.py --" in (EXAMPLES / "train_lag.py").read_text("utf-8")


def test_loading_the_training_script_as_a_program_writes_nothing(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "train_follow.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "syncml", "check", str(tmp_path / "train_follow.py")],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    assert done.returncode == 1, "it has no node"
    assert "error[" in done.stderr
    assert not (tmp_path / "policy.safetensors").exists()
