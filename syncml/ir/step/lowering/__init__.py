"""Lowering: clocked equations to step code, as two columns of passes.

Rule: a program and its lowering have the same trace. `EQUATION_PASSES` rewrite clocked equations, `translate` changes
the language, `STEP_PASSES` rewrite step code; each is a function of the program alone, so equal programs become equal
code.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Program
from syncml.ir.step.coalescing import coalesced
from syncml.ir.step.lowering.chains import roll_chains
from syncml.ir.step.lowering.counters import clock_texts, count_words
from syncml.ir.step.lowering.cyclic import cyclic
from syncml.ir.step.lowering.defaults import default_locals
from syncml.ir.step.lowering.jobs import jobs
from syncml.ir.step.lowering.observe import Observe, Observed, observed, restrict
from syncml.ir.step.lowering.tidy import conditions_in_place, drop_unused, each_machine, fuse_tests
from syncml.ir.step.lowering.translate import translate
from syncml.ir.step.lowering.updates import guard_updates
from syncml.ir.step.syntax import StepProgram

__all__ = [
    "EQUATION_PASSES",
    "STEP_PASSES",
    "Executive",
    "Observe",
    "Observed",
    "Pass",
    "lower",
    "observed",
    "restrict",
]

_Language = TypeVar("_Language", Program, StepProgram)


@dataclass(frozen=True, slots=True)
class Pass(Generic[_Language]):
    """A named rewriting of a program; the name is what ``--dump`` takes."""

    name: str
    run: Callable[[_Language], _Language]


EQUATION_PASSES: tuple[Pass[Program], ...] = (
    Pass("chains", roll_chains),
    Pass("updates", guard_updates),
    Pass("counters", count_words),
)
"""After inlining and `restrict`."""

STEP_PASSES: tuple[Pass[StepProgram], ...] = (
    Pass("tests", each_machine(fuse_tests)),
    Pass("conditions", each_machine(conditions_in_place)),
    Pass("coalescing", each_machine(coalesced)),
    Pass("unused", each_machine(drop_unused)),
    Pass("defaults", each_machine(default_locals)),
)
"""After `translate`."""


class Executive(Enum):
    """What becomes of the rates of the main node in step code."""

    SINGLE = "single"
    """Tests of counters."""
    CYCLIC = "cyclic"
    """A table of the hyperperiod, with straight code for each kind of tick (`cyclic`)."""
    TASKS = "tasks"
    """A job beside the step for what each rate can do later (`jobs`)."""


_EXECUTIVES: dict[Executive, tuple[Pass[StepProgram], ...]] = {
    Executive.SINGLE: (),
    Executive.CYCLIC: (Pass("cyclic", cyclic),),
    Executive.TASKS: (Pass("jobs", jobs),),
}


def lower(
    program: Program,
    observe: Observed = Observe.OUTPUTS,
    shown: Callable[[str, Program | StepProgram], None] = lambda _name, _program: None,
    *,
    executive: Executive = Executive.SINGLE,
) -> StepProgram:
    """The step code of a clocked program.

    Args:
        program: Clocked equations that passed all checks; a call whose arguments depend on its own results within one
            instant is inlined.
        observe: Which streams of the main node become outputs after its own outputs.
        shown: Called with the name and the result of every pass.
        executive: What becomes of the rates of the main node.

    Raises:
        DiagnosticError: X004, the table of the ticks would be too large; X005, no rate can be a job.
        InternalFault: there is no order of execution; the causality check or inlining should have seen to it.
    """
    texts = clock_texts(program)
    program = restrict(program, observe)
    shown("restrict", program)
    for step in EQUATION_PASSES:
        program = step.run(program)
        shown(step.name, program)
    # Counting may leave equations without a reader (a word that only named a clock).
    program = restrict(program, frozenset())
    code = translate(program, texts)
    shown("translate", code)
    for step in (*STEP_PASSES[:-1], *_EXECUTIVES[executive], STEP_PASSES[-1]):
        code = step.run(code)
        shown(step.name, code)
    return code
