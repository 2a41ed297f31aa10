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
    "cruise": ("--scenario", "hill.yaml"),
    "follow": ("--scenario", "hard_braking.yaml"),
    "gru": ("--scenario", "gru.yaml"),
    "modes": ("--scenario", "modes.yaml"),
    "multirate": ("--scenario", "multirate.yaml"),
    "steady": ("--scenario", "steady.yaml"),
}


def syncml(*arguments: str, folder: Path = EXAMPLES) -> str:
    line = [sys.executable, "-m", "syncml", *arguments]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_example_is_tested() -> None:
    programs = {path.stem for path in EXAMPLES.glob("*.py") if not path.stem.startswith("train_")}
    assert programs == set(STIMULI)
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    assert all(f"({name}.py)" in listed for name in programs)


@pytest.mark.parametrize("name", STIMULI)
def test_the_header_says_what_to_run(name: str) -> None:
    text = (EXAMPLES / f"{name}.py").read_text("utf-8")
    header = text.split('"""')[1]
    assert re.findall(rf"^syncml +\w+ +examples/{name}\.py", header, re.MULTILINE)
    assert all((ROOT / path).exists() for path in re.findall(r"examples/[\w.]+\w", header))


@pytest.mark.parametrize("name", STIMULI)
def test_an_example_goes_the_whole_way(name: str, tmp_path: Path) -> None:
    program, (option, file) = f"{name}.py", STIMULI[name]
    assert "well-typed, well-clocked, causal, initialised" in syncml("check", program)
    assert "unknown" not in syncml("verify", program, "--timeout", "50", "--jobs", "1")
    ran = syncml("sim", program, option, file, "--engine", "interp")
    assert "fails" not in ran
    assert "holds" in ran
    syncml("export", program, option, file, "-o", str(tmp_path / "c"), "--steps", "7")
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
