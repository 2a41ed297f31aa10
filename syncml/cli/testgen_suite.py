"""The files of a test suite: inputs and expected outputs of each run as CSV, a module for pytest, and the report."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from syncml.cli.evidence import file_name
from syncml.cli.testgen_json import TestgenModel, render
from syncml.files import write_whole
from syncml.pipeline import Checked, split_target
from syncml.sim.formats import to_csv
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace

if TYPE_CHECKING:
    from syncml.verify.testgen import Run, Suite

REPORT = "testgen.json"

TESTS = """\
\"\"\"Runs of {label} that `syncml testgen` chose; its report is {report}.

A test fails where an output is no longer what it was when the suite was made.
\"\"\"

from pathlib import Path

import pytest

from syncml.testing import first_change

HERE = Path(__file__).parent
PROGRAM = HERE / {program!r}
RUNS = {runs}


@pytest.mark.parametrize("run", RUNS)
def test_{name}(run: str) -> None:
    change = first_change(
        f"{{PROGRAM}}{node}",
        HERE / f"{{run}}.csv",
        HERE / f"{{run}}.expected.csv",
        settings={settings!r},
    )
    assert change is None, change
"""


def write_suite(
    target: str, settings: Mapping[str, str], checked: Checked, suite: Suite, found: TestgenModel, folder: Path
) -> list[Path]:
    """Write a suite into a folder; the files, in order.

    Raises:
        DiagnosticError: D001 if a file cannot be written.
    """
    contents: dict[str, bytes] = {}
    for test, run in zip(found.tests, suite.runs, strict=True):
        contents[test.inputs], contents[test.expected] = _recorded(checked, run)
    path, chosen = split_target(target)
    name = file_name(checked.main.label)
    contents[f"test_{name}.py"] = TESTS.format(
        label=checked.main.label,
        report=REPORT,
        program=os.path.relpath(path, folder.resolve()).replace(os.sep, "/"),
        runs="[" + ", ".join(f'"{test.name}"' for test in found.tests) + "]",
        name=name,
        node=f":{chosen}" if chosen else "",
        settings=dict(settings),
    ).encode()
    contents[REPORT] = render(found).encode()
    for name_, content in contents.items():
        write_whole(folder / name_, content)
    return [folder / name_ for name_ in contents]


def _recorded(checked: Checked, run: Run) -> tuple[bytes, bytes]:
    """The inputs of a run and what comes out, as CSV."""
    columns = tuple(prepare(checked.main, run.inputs, run.ticks).values())
    trace = interpret(checked.program, run.inputs, run.ticks).trace
    outputs = trace.only(tuple(dict.fromkeys(v.name for v in checked.main.outputs)))
    return to_csv(Trace(columns, run.ticks)), to_csv(outputs)
