"""The compiler on one page.

    Python function --load--> equations --check--> clocked equations --lower--> step code --print--> Numba | C
                                                         |
                                                         +--interpret--> traces     +--verify--> verdicts

The checks, then for a back end `inline`, the passes of `syncml.ir.step.lowering`, those of `syncml.ir.step.schedules`
for the machine that runs the code, and `memory`, by which tensors share it in C, are the passes in order. ``--dump``
prints what the pass of a name yields; tests run each language's checker after every pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from syncml.clock_calculus import BufferUse, infer_clocks, lower_buffers, spread_calls
from syncml.dataclass import dataclass
from syncml.diagnostics.model import Collector
from syncml.ir.equations.checkpointed import taped
from syncml.ir.equations.choice import Choice, with_chosen_schedules
from syncml.ir.equations.early import Early, without_sweeps
from syncml.ir.equations.exclusive import split_exclusive
from syncml.ir.equations.external import check_separate, whole_models
from syncml.ir.equations.inline import inline, inline_loops, inline_words
from syncml.ir.equations.numbers import on_machine as machine_numbers
from syncml.ir.equations.opening import open_future
from syncml.ir.equations.pretty import print_program
from syncml.ir.equations.product import EQUAL, product
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Node, Program, Var
from syncml.sizing import size_buffers
from syncml.verify.causality import check_causality
from syncml.verify.initialisation import check_initialisation
from syncml.verify.units import check_units

# Whoever checks or verifies a program needs no step code, which takes long to load.
if TYPE_CHECKING:
    from syncml.ir.equations.folding import Fold, Folded
    from syncml.ir.step.lowering import Executive, Observed
    from syncml.ir.step.schedules import LoopTable
    from syncml.ir.step.syntax import StepProgram

Shown: TypeAlias = "Callable[[str, Program | StepProgram], None]"
"""Called with the name and the result of every pass."""


def passes() -> tuple[str, ...]:
    """The passes that change a program, in order; the names that ``--dump`` takes beside ``all``."""
    from syncml.ir.step.lowering import EQUATION_PASSES, STEP_PASSES
    from syncml.ir.step.schedules import LOOP_PASSES

    checks = ("trace", "clocks", "spread", "buffers", "modes", "early", "segments", "fold", "inline", "restrict")
    lowering = (*(p.name for p in EQUATION_PASSES), "translate", *(p.name for p in STEP_PASSES))
    return (*checks, *lowering, *(p.name for p in LOOP_PASSES), "memory")


def _silent(_name: str, _program: Program | StepProgram) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A program that is well-typed, well-clocked, causal and initialised; every clock is known."""

    program: Program
    buffers: tuple[BufferUse, ...] = ()
    early: tuple[Early, ...] = ()
    """The segments of which no sweep is left."""
    chosen: tuple[Choice, ...] = ()
    """The segments whose schedule was chosen by a budget."""

    @property
    def main(self) -> Node:
        """The main node."""
        return self.program.node(self.program.main)

    @property
    def flat(self) -> Node:
        """The main node with all calls inlined."""
        return inline(lower_segments(taped(self.program))).node(self.program.main)


def split_target(target: str) -> tuple[Path, str]:
    """The file and the node that ``FILE[:NODE]`` names; the node is empty if none is."""
    from syncml.lustre.targets import is_lustre
    from syncml.lustre.targets import split_target as split_lustre

    if (both := _compared(target)) is not None:
        path, node = split_target(both[0])
        return path, f"{node}{EQUAL}{both[1]}"
    if is_lustre(target):
        return split_lustre(target)
    from syncml.lang.load import split_target as split_python

    return split_python(target)


def _compared(target: str) -> tuple[str, str] | None:
    """The two programs that ``FILE:A==B`` compares, where B is a node of the same file, or a file of its own."""
    left, mark, right = target.partition(EQUAL)
    if not mark or Path(target).exists():
        return None
    if Path(right).suffix or Path(right.partition(":")[0]).suffix:
        return left, right
    file, node = split_target(left)
    return left, f"{left.removesuffix(f':{node}') if node else file}:{right}"


def load(target: str, settings: Mapping[str, str] | None = None, seed: int = 0) -> Program:
    """The program that a target names.

    That is the Python program or the Lustre one in ``FILE`` or ``FILE:NODE``, the network in an ONNX file, or what
    compares two of these, ``FILE:A==B``. What a Python program learns starts with values drawn from ``seed``.

    Raises:
        DiagnosticError: the file cannot be read or run, or what it defines is no program (families L and T); V012,
            two nodes cannot be compared.
    """
    if (both := _compared(target)) is not None:
        return product(load(both[0], settings, seed), load(both[1], settings, seed))
    from syncml.lustre.targets import is_lustre

    if is_lustre(target):
        from syncml.lustre.load import load_lustre

        return load_lustre(target, settings or {})
    if Path(target).suffix == ".onnx":
        from syncml.lang.load import program_of
        from syncml.networks.target import network_of

        return program_of(network_of(target))
    from syncml.lang.load import load_program

    return load_program(target, settings or {}, seed)


def check(program: Program, shown: Shown = _silent) -> Checked:
    """Run the static analyses.

    Raises:
        DiagnosticError: all faults of the first analysis that finds any: units (T), clocks (C), or causality and
            initialisation together (K, I).
    """
    shown("trace", program)
    check_units(program)
    clocked = infer_clocks(program)
    clocked = size_buffers(clocked)
    shown("clocks", clocked)
    staged = spread_calls(clocked)
    if staged is not clocked:
        # Stages have no undefined values and no cycles unless the calls that they stand for do.
        _analyse(split_exclusive(open_future(lower_buffers(clocked)[0])))
    shown("spread", staged)
    clocked, buffers = lower_buffers(staged)
    shown("buffers", clocked)
    clocked = split_exclusive(open_future(clocked))
    shown("modes", clocked)
    _analyse(clocked)
    clocked, chosen = with_chosen_schedules(clocked)
    early, done = without_sweeps(clocked)
    shown("early", early)
    if done:
        _analyse(early)
    lower_segments(early)
    return Checked(early, buffers, done, chosen)


def _analyse(clocked: Program) -> None:
    """Causality and initialisation, with the faults of both."""
    faults = Collector()
    for analysis in (check_causality, check_initialisation):
        with faults.catch():
            analysis(clocked)
    faults.raise_if_errors()


def check_file(target: str, settings: Mapping[str, str] | None = None, seed: int = 0) -> Checked:
    """`load` and `check`."""
    return check(load(target, settings, seed))


def on_machine(checked: Checked) -> Checked:
    """The program with wrapping integers and rounded floats in place of mathematical numbers."""
    return replace(checked, program=machine_numbers(checked.program))


def folded(checked: Checked, how: Fold | None = None, observe: Observed | None = None) -> Folded:
    """The program with what networks compute on windows computed once for each value, where that is less work.

    Args:
        checked: The program.
        how: Where to do it; `Fold.AUTO` if nothing is said.
        observe: The streams that stay as they are, beside the outputs.
    """
    from syncml.ir.equations.folding import Fold, Folded, fold
    from syncml.ir.step.lowering import Observe

    def values(node: Node) -> Mapping[str, Any]:
        from syncml.sim.interpreter import interpret

        trace = interpret(Program((node,), node.name), {}, 1).trace
        return {column.name: column.values[0] for column in trace.columns}

    def shown(var: Var) -> bool:
        match observe:
            case None | Observe.OUTPUTS:
                return False
            case Observe.NAMED | Observe.ALL:
                return var.user
            case names:
                return any(name == var.name or name.endswith(f".{var.name}") for name in names)

    program = lower_segments(checked.program)
    if observe is Observe.ALL:
        return Folded(program)
    return fold(program, values, Fold.AUTO if how is None else how, shown)


def batched(checked: Checked) -> Checked:
    """The program with nodes that are applied to each element of an array as operations on arrays."""
    from syncml.ir.equations.batching import batch

    return replace(checked, program=batch(checked.program, lambda _node, _each: True))


def step_code(
    checked: Checked,
    observe: Observed | None = None,
    *,
    flat: bool,
    fold: Fold | None = None,
    shown: Shown = _silent,
    executive: Executive | None = None,
    loops: LoopTable | None = None,
    memory: int | None = None,
) -> StepProgram:
    """Step code of the main node, with its outputs or what to observe: one machine if ``flat``, else one a node.

    With an ``executive`` that knows the rates, nodes with rates of their own are part of the main one. With ``loops``,
    the loops are those of the machine that the table describes, and with ``memory`` tensors of so many bytes share it,
    as in C; a back end that is given other step code does both.

    Raises:
        DiagnosticError: X004, a table of the ticks would be too large; X005, no rate can be a job.
    """
    from syncml.ir.step.lowering import Executive, Observe, lower
    from syncml.ir.step.schedules import schedule_loops

    executive = executive or Executive.SINGLE

    program = lower_segments(checked.program)
    shown("segments", program)
    program = folded(checked, fold, observe).program
    shown("fold", program)
    if flat:
        program = inline(program)
    else:
        separate = whole_models(program)
        program = inline_loops(separate)
        check_separate(separate, program)
        if executive is not Executive.SINGLE:
            program = inline_words(program)
    shown("inline", program)
    code = lower(program, Observe.OUTPUTS if observe is None else observe, shown, executive=executive)
    if loops is None:
        return code
    code = schedule_loops(code, loops, shown)
    if memory is not None:
        from syncml.export_c.sharing import share_memory

        code = share_memory(code, memory)
    shown("memory", code)
    return code


def text(program: Program | StepProgram) -> str:
    """A program of either language as text."""
    if isinstance(program, Program):
        return print_program(program)
    from syncml.ir.step.pretty import print_step

    return print_step(program)
