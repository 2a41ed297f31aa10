"""The layer rule of the design, and that the linter enforces it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "syncml"

ALL = {
    "clock_calculus",
    "cli",
    "export_c",
    "export_onnx",
    "graph",
    "gym",
    "ir",
    "lang",
    "learn",
    "lustre",
    "networks",
    "nodes",
    "pipeline",
    "quantise",
    "scenario",
    "search",
    "sim",
    "sweep",
    "training",
    "verify",
}

# What each layer may import, besides itself, diagnostics and the names that `syncml` exports.
ALLOWED: dict[str, set[str]] = {
    "diagnostics": set(),
    "ir": set(),
    "lang": {"ir"},
    "clock_calculus": {"ir"},
    "verify": {"ir"},
    "scenario": {"ir", "sim"},
    "search": {"ir", "pipeline", "scenario", "sim", "sweep"},
    "sweep": {"ir", "pipeline", "scenario", "sim"},
    "sim": {"ir"},
    "export_c": {"ir"},
    "export_onnx": {"ir"},
    "graph": {"ir"},
    "lustre": {"ir"},
    "gym": {"ir", "lang", "nodes", "pipeline", "sim"},
    "learn": {"clock_calculus", "ir", "lang", "nodes"},
    "networks": {"lang", "nodes"},
    "quantise": {"ir", "lang", "nodes", "pipeline", "sim"},
    "nodes": {"lang"},
    "training": {"ir", "networks", "pipeline", "sim"},
    "cli": ALL,
}


def flagged(statements: list[str], path: Path, rule: str) -> set[str]:
    """Return the statements that ruff flags by `rule` in a module that would stand at `path`."""
    command = [
        sys.executable, "-m", "ruff", "check", "--no-cache", "--select", rule, "--output-format", "json",
        "--stdin-filename", str(path), "-",
    ]  # fmt: skip
    run = subprocess.run(command, input="\n".join(statements), capture_output=True, text=True, cwd=ROOT)
    assert run.returncode in (0, 1), run.stderr
    return {statements[found["location"]["row"] - 1] for found in json.loads(run.stdout)}


def test_every_folder_is_a_layer_with_a_rule() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ALLOWED)
    assert ALL - {"pipeline"} == set(ALLOWED) - {"diagnostics"}
    for folder in folders:
        rules = tomllib.loads((PACKAGE / folder / "ruff.toml").read_text())
        assert rules["extend"] == "../../pyproject.toml"


@pytest.mark.parametrize("layer", sorted(ALLOWED))
def test_the_linter_flags_exactly_the_forbidden_imports(layer: str) -> None:
    statements = {
        target: [
            f"import syncml.{target}",
            f"from syncml.{target} import one",
            f"from syncml.{target}.inside import two",
        ]
        for target in ALL | {"diagnostics"}
    }
    forbidden = ALL - ALLOWED[layer] - {layer}
    every = [line for lines in statements.values() for line in lines]
    wrong = {line for target in forbidden for line in statements[target]}
    assert flagged(every, PACKAGE / layer / "seeded.py", "TID251") == wrong


@pytest.mark.parametrize("module", ["pipeline", "__init__"])
def test_nothing_at_the_top_imports_the_command_line(module: str) -> None:
    statement = "from syncml.cli import main"
    assert flagged([statement], PACKAGE / f"{module}.py", "TID251") == {statement}


@pytest.mark.parametrize("layer", [".", *sorted(ALLOWED)])
def test_a_slow_import_at_the_top_of_a_module_is_flagged(layer: str) -> None:
    slow = [
        f"import {package}" for package in ("lxml", "matplotlib", "networkx", "numba", "onnx", "pyarrow", "scipy", "z3")
    ]
    assert flagged([*slow, "import numpy"], PACKAGE / layer / "seeded.py", "TID253") == set(slow)


def test_relative_imports_are_flagged() -> None:
    assert flagged(["from . import other"], PACKAGE / "ir" / "seeded.py", "TID252") == {"from . import other"}
