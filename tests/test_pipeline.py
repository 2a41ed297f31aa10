"""Every pass yields a well-formed program: the checker of each language runs after each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncml.ir.equations.check import check_program
from syncml.ir.equations.syntax import Program
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import STEP_PASSES, Observe
from syncml.ir.step.schedules import CORTEX_M4F_LOOPS, LOOP_PASSES, SIMULATION_LOOPS, LoopTable
from syncml.ir.step.syntax import StepProgram
from syncml.pipeline import check, load, passes, step_code, text

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = [*sorted((ROOT / "tests" / "accept").glob("*.py")), ROOT / "scenarios" / "highway_acc" / "pipeline.py"]
UNCLOCKED = {"counters"}
"""Counting may put a word on an outer clock, so clocks are no longer those of the equations' shape."""


ASSIGNED = {STEP_PASSES[-1].name, *(step.name for step in LOOP_PASSES)}
"""From here on every local is written before it is read."""


class Recorder:
    """Checks each result, and remembers which passes ran."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, name: str, program: Program | StepProgram) -> None:
        self.seen.append(name)
        if isinstance(program, StepProgram):
            check_step(program, assigned=name in ASSIGNED)
        elif name not in UNCLOCKED:
            check_program(program)
        assert text(program).strip()


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.parent.name + "/" + p.stem)
@pytest.mark.parametrize(("flat", "loops"), [(True, SIMULATION_LOOPS), (False, CORTEX_M4F_LOOPS)])
def test_every_pass_yields_a_well_formed_program(path: Path, flat: bool, loops: LoopTable) -> None:
    record = Recorder()
    checked = check(load(str(path)), record)
    observe, memory = (Observe.NAMED, None) if flat else (Observe.OUTPUTS, 1)
    step_code(checked, observe, flat=flat, shown=record, loops=loops, memory=memory)
    assert record.seen == list(passes())


def test_the_same_program_gives_the_same_code() -> None:
    path = PROGRAMS[-1]
    first, second = (text(step_code(check(load(str(path))), flat=False)) for _ in range(2))
    assert first == second
