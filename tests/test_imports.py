"""What the first import costs: the slow packages are loaded only by the commands that need them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SLOW = ("lxml", "matplotlib", "networkx", "numba", "onnx", "scipy", "z3")


def slow_modules_after(statements: str) -> list[str]:
    """Run `statements` in a fresh interpreter and return which slow packages are loaded then."""
    program = f"{statements}\nimport sys\nprint(*(name for name in {SLOW!r} if name in sys.modules), file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return run.stderr.split()


def test_importing_syncml_loads_no_slow_package() -> None:
    assert slow_modules_after("import syncml") == []


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["--version"], ["explain"]])
def test_a_command_that_only_prints_loads_no_slow_package(arguments: list[str]) -> None:
    statements = f"""
import sys
from syncml.cli import main
sys.argv[1:] = {arguments!r}
try:
    main()
except SystemExit as exit:
    assert not exit.code, exit.code
"""
    assert slow_modules_after(statements) == []


PROVED = """
node main(x: bool; n: int) returns (count, steps: int);
let
  count = (if x then n * n else 0) -> (if x then pre(count) + 1 else pre(count));
  steps = 0 -> pre(steps) + 1;
  --%PROPERTY steps >= 0;
tel
"""

NEEDLESS = ("numpy", "typer", "click", "rich", "pydantic", "numba", "networkx", "scipy", "onnx", "ray", "lxml", "yaml")
"""What a proof about scalars does without."""


@pytest.mark.parametrize(
    ("command", "claim", "said"),
    [("check", ">= 0", ""), ("verify", ">= 0", "1 proved"), ("verify", "< 3", "1 violated")],
)
def test_a_command_on_a_small_file_loads_only_what_it_needs(
    command: str, claim: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "numbers.lus"
    file.write_text(PROVED.replace(">= 0", claim), encoding="utf-8")
    program = f"""
import sys
from syncml.cli import main
sys.argv[1:] = [{command!r}, {str(file)!r}]
try:
    main()
except SystemExit as exit:
    assert exit.code in (0, None, 1), exit.code
found = {{name.partition(".")[0] for name in sys.modules}}
print(*sorted(found & set({NEEDLESS!r})), "z3" in found, file=sys.stderr)
"""
    environment = {**os.environ, "SYNCML_VERDICTS": "off"}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    # The solver is loaded by the worker.
    assert run.stderr.splitlines()[-1].split() == ["False"]
    assert said in run.stdout


SWITCH = """
node main(on, off: bool) returns (lit: bool);
let
  lit = on -> (on or pre(lit)) and not off;
  --%PROPERTY {property};
tel
"""


@pytest.mark.parametrize(
    ("property_", "verdict", "expected"),
    [("true -> not (lit and off)", "1 proved", []), ("not lit", "1 violated", [])],
)
def test_truth_values_are_decided_without_a_solver(
    property_: str, verdict: str, expected: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "switch.lus"
    file.write_text(SWITCH.format(property=property_), encoding="utf-8")
    program = f"""
import sys
from syncml.cli import main
sys.argv[1:] = ["verify", {str(file)!r}]
try:
    main()
except SystemExit:
    pass
found = {{name.partition(".")[0] for name in sys.modules}}
print(*sorted(found & set({(*NEEDLESS, "z3")!r})), file=sys.stderr)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert verdict in run.stdout
    assert run.stderr.splitlines()[-1].split() == expected


def test_a_package_that_waits_is_the_package_itself_once_it_is_used() -> None:
    program = """
import sys
from syncml.lazy import numpy as np
assert "numpy" not in sys.modules
assert np.float32(0.5) == 0.5
import numpy
assert np.ndarray is numpy.ndarray
assert not hasattr(np, "no_such_name")
from syncml.lazy import numpy as again
assert again.linalg is numpy.linalg
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_slow_import_is_noticed() -> None:
    assert slow_modules_after("import networkx") == ["networkx"]
