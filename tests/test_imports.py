"""What the first import costs: the slow packages are loaded only by the commands that need them."""

from __future__ import annotations

import subprocess
import sys

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


def test_a_slow_import_is_noticed() -> None:
    assert slow_modules_after("import networkx") == ["networkx"]
