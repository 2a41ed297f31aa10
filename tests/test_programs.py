"""Programs that are accepted, and programs that are rejected with the code on the line.

`tests/accept/*.py`: the whole pipeline takes the program; the clocked equations are under snapshot.
`tests/reject/*.py`: a line ends in `# error: [CODE]`, once for each fault that is reported there, and no other is;
the text of the messages is under snapshot.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from syrupy.assertion import SnapshotAssertion

from syncml.diagnostics import DiagnosticError
from syncml.diagnostics.render import Format, render
from syncml.export_c import compile_and_run
from syncml.ir.equations.check import check_program
from syncml.ir.equations.pretty import print_program
from syncml.ir.step.check import check_step
from syncml.pipeline import check, load, step_code
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.support import step_machine
from tests.support.programs import inputs_for

HERE = Path(__file__).resolve().parent
ACCEPTED = sorted((HERE / "accept").glob("*.py"))
REJECTED = sorted((HERE / "reject").glob("*.py"))

SPECIFICATIONS = ("scalars",)
"""Programs with mathematical numbers, which no machine runs."""

TICKS = 40
FEW_TICKS = 12
"""Of the evaluator of step code, which is slow."""


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_a_program_is_accepted(path: Path, snapshot: SnapshotAssertion) -> None:
    traced = load(str(path))
    check_program(traced)
    checked = check(traced)
    check_program(checked.program)
    assert step_code(checked, flat=True).machines
    assert print_program(checked.program) == snapshot


@pytest.mark.parametrize("path", [p for p in ACCEPTED if p.stem not in SPECIFICATIONS], ids=lambda path: path.stem)
def test_an_accepted_program_has_one_trace(path: Path) -> None:
    """The interpreter reads the equations; the C comes from step code with one machine for each node."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    checked = check(load(str(path)))
    values = inputs_for(checked.program, TICKS, seed=1)
    run = interpret(checked.program, values, TICKS)
    code = step_code(checked, flat=False)
    check_step(code)
    given = {var.name: column.values for var, column in prepare(checked.main, values, TICKS).items()}
    found = compile_and_run(code, given, TICKS, "gcc", ("-O1",)).outputs
    expected = run.trace.only(tuple(v.name for v in checked.main.outputs))
    columns = tuple(Column(c.name, c.type, np.asarray(found[c.name]), c.present) for c in expected.columns)
    assert first_difference(expected, Trace(columns, TICKS)) is None


@pytest.mark.parametrize("path", [p for p in ACCEPTED if p.stem not in SPECIFICATIONS], ids=lambda path: path.stem)
def test_an_accepted_program_has_one_meaning(path: Path) -> None:
    """Step code of either form, run statement by statement: no back end has a part in it."""
    checked = check(load(str(path)))
    values = inputs_for(checked.program, FEW_TICKS, seed=2)
    run = interpret(checked.program, values, FEW_TICKS)
    given = {var.name: column.values for var, column in prepare(checked.main, values, FEW_TICKS).items()}
    expected = run.trace.only(tuple(v.name for v in checked.main.outputs))
    for flat in (False, True):
        found, _ = step_machine.run(step_code(checked, flat=flat), given, FEW_TICKS)
        columns = tuple(Column(c.name, c.type, np.asarray(found[c.name]), c.present) for c in expected.columns)
        assert first_difference(expected, Trace(columns, FEW_TICKS)) is None, f"flat: {flat}"


def expected_faults(path: Path) -> Counter[tuple[int, str]]:
    """The lines and codes that a program's comments announce."""
    found: Counter[tuple[int, str]] = Counter()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        _, marked, codes = line.partition("# error: ")
        if marked:
            found.update((number, code) for code in re.findall(r"\[(\w+)\]", codes))
    return found


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.stem)
def test_a_program_is_rejected(path: Path, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    expected = expected_faults(path)
    assert expected, "a rejected program says what is wrong with it"
    with pytest.raises(DiagnosticError) as caught:
        check(load(path.name))
    diagnostics = caught.value.diagnostics
    found = Counter((found.span.line if found.span else 0, found.code) for found in diagnostics)
    assert found == expected, render(diagnostics, Format.TEXT, version="0")
    assert render(diagnostics, Format.TEXT, version="0") == snapshot


def test_there_are_programs_for_every_code_of_the_language() -> None:
    covered = {code for path in REJECTED for _, code in expected_faults(path)}
    assert {f"L{n:03}" for n in range(1, 21)} | {f"T{n:03}" for n in range(1, 8)} <= covered
    assert len(ACCEPTED) >= 25
    assert len(REJECTED) >= 40
