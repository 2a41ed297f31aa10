"""A run of a scenario as a scenario file of its own, with the text of the scenario that it is a run of.

Rule: the parameters have the values of the run, files that the scenario names are named as seen from the new file, and
every other character stays as it is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncml.diagnostics.model import DiagnosticError, error
from syncml.files import read_text
from syncml.scenario.parameters import Setting
from syncml.scenario.yaml_text import parse

_FILES = (("connection",), ("road", "file"))
"""Where a scenario names a file."""


def check_writable(scenario: Path) -> None:
    """Refuse a scenario of which no run can be written.

    Raises:
        DiagnosticError: U001, it is OpenSCENARIO XML.
    """
    if scenario.suffix.lower() == ".xosc":
        message = f"a run of {scenario.name} cannot be written as a file: it is OpenSCENARIO XML"
        raise DiagnosticError(error("U001", message, help="leave out -o; the report has the parameters"))


def written(scenario: Path, settings: Mapping[str, Setting], folder: Path) -> str:
    """The text of one run of a scenario file that `check_writable` takes, for a file in ``folder``."""
    text = read_text(scenario)
    root, _ = parse(text)
    edits: list[tuple[int, int, str]] = []
    if (found := _value(root, "parameters")) is not None:
        # A block ends where the next key begins, so the line that it ended is ended again.
        start, end = found.start_mark.index, found.end_mark.index
        edits.append((start, end, json.dumps(dict(settings)) + ("" if found.flow_style else "\n")))
    for keys in _FILES:
        if (found := _value(root, *keys)) is not None:
            place = os.path.relpath(scenario.parent / found.value, folder)
            edits.append((found.start_mark.index, found.end_mark.index, json.dumps(Path(place).as_posix())))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _value(node: Any, *keys: str) -> Any:
    """What stands at the keys, if the file has them."""
    for key in keys:
        pairs: Any = node.value
        node = None if isinstance(pairs, str) else next((value for name, value in pairs if name.value == key), None)
        if node is None:
            return None
    return node
