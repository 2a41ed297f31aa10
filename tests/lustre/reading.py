"""Lustre programs in tests: from text to traces."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from syncml.ir.equations.check import check_program
from syncml.lustre.load import load_lustre
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret


def read(folder: Path, text: str, node: str = "", **settings: str) -> Checked:
    """Read and check a program."""
    path = folder / "program.lus"
    path.write_text(text, "utf-8")
    program = load_lustre(f"{path}:{node}" if node else str(path), settings)
    check_program(program)
    checked = check(program)
    check_program(checked.program)
    return checked


def traces(checked: Checked, inputs: Mapping[str, Sequence[Any]], ticks: int) -> dict[str, list[Any]]:
    """The outputs of a program at each tick, None where absent."""
    trace = interpret(checked.program, inputs, ticks).trace
    found: dict[str, list[Any]] = {}
    for var in checked.main.outputs:
        column = trace.column(var.name)
        found[var.name] = [plain(v) if p else None for v, p in zip(column.values, column.present, strict=True)]
    return found


def plain(value: Any) -> Any:
    """A value of NumPy as one of Python."""
    return value.item() if hasattr(value, "item") else value


def outputs(folder: Path, text: str, ticks: int = 5, **inputs: Sequence[Any]) -> dict[str, list[Any]]:
    """Read a program and run it."""
    return traces(read(folder, text), inputs, ticks)


def verdicts(folder: Path, text: str) -> dict[str, str]:
    """What `syncml verify` says of each property of a program."""
    path = folder / "program.lus"
    path.write_text(text, "utf-8")
    command = [sys.executable, "-m", "syncml", "verify", str(path), "--timeout", "40", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return {p["name"]: p["verdict"] for p in json.loads(done.stdout)["properties"]}
