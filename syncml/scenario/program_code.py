"""A program as a machine that takes turns with the actors of a scenario, and judges each run while it runs.

Rule: a run is decided at the first tick at which a clause of a contract is present and false, or the ego touches
another actor; nothing later matters. If an assumption is among what fails then, the run is outside of what the program
is made for; else it has failed. Of several the first by name is told: `suite.judge` says the same of a trace.
What is measured of a run is kept in registers, which change no more when the run is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from syncml.dataclass import dataclass
from syncml.ir.constants import Const, dtype
from syncml.ir.equations.inline import inline
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import GOALS, Apply, Equation, Node, Program, Property, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.step.lowering import lower
from syncml.ir.step.syntax import Assign, Binary, BinaryOp, Expr, If, Literal, Machine, Place, Select, Slot, Storage
from syncml.ir.types import BOOL, I32, element
from syncml.scenario.suite import COLLISION
from syncml.sim.lanes.blocked import blocked
from syncml.sim.lanes.figures import Figure, with_figures
from syncml.sim.lanes.layout import layout_of
from syncml.sim.lanes.turns import Turn, turn
from syncml.sim.monitor import clause_name


@dataclass(frozen=True, slots=True)
class ProgramCode:
    """The machine of a program among actors.

    Attributes:
        turn: Its code.
        inputs: Its inputs by name.
        outputs: The outputs that drive the ego, by name.
        live: The input that says whether a run is not over.
        collided: The input that says whether the ego has touched another actor.
        decided: The register that holds 1 more than the place of what failed in ``causes``, or 0.
        tick: The register that holds when.
        causes: What may fail, assumptions first.
        assumptions: How many of them are assumptions.
        figures: The register that holds what is measured, by name.
    """

    turn: Turn
    inputs: Mapping[str, Slot]
    outputs: Mapping[str, Slot]
    live: Slot
    collided: Slot
    decided: Slot
    tick: Slot
    causes: tuple[str, ...]
    assumptions: int
    figures: Mapping[str, Slot]


def program_code(
    program: Program, driven: Iterable[str], equal: frozenset[str], figures: Sequence[Figure] = ()
) -> ProgramCode:
    """The machine of the main node of a clocked program that passed all checks.

    Args:
        program: Clocked equations.
        driven: The outputs that drive the ego.
        equal: The inputs that have the same values in all runs.
        figures: What is measured of each run.

    Raises:
        DiagnosticError: S001, a figure is of no stream.
    """
    flat = inline(lower_segments(program))
    measuring, measured = with_figures(flat.node(flat.main), figures)
    node, failing = _with_failures(measuring)
    shown = frozenset(v.name for v in (*measured, *(v for _, v in failing)))
    machine = blocked(lower(Program((node,), flat.main), shown).machines[-1])
    outputs = {slot.name: slot for slot in machine.outputs}
    causes = [(not _is_assumption(p), clause_name(p), Place(outputs[v.name])) for p, v in failing]
    live, collided = Slot("live", BOOL, Storage.INPUT), Slot("collided", BOOL, Storage.INPUT)
    causes.append((True, COLLISION, Place(collided)))
    causes.sort(key=lambda cause: cause[:2])
    judged, decided, tick = _judging(machine, live, [place for _, _, place in causes])
    judged, kept = _keeping(judged, live, [outputs[v.name] for v in measured])
    judged = replace(judged, inputs=(*judged.inputs, live, collided))
    inputs = {slot.name: slot for slot in machine.inputs}
    layout = layout_of(judged, equal={slot for name, slot in inputs.items() if name in equal})
    drives = {name: outputs[name] for name in driven}
    return ProgramCode(
        turn(judged, layout, tuple(drives.values())), inputs, drives, live, collided, decided, tick,
        tuple(name for _, name, _ in causes), sum(not promise for promise, _, _ in causes),
        {figure.name: slot for figure, slot in zip(figures, kept, strict=True)},
    )  # fmt: skip


def _is_assumption(clause: Property) -> bool:
    return clause.kind is PropertyKind.ASSUME or (clause.kind is PropertyKind.REQUIRE and not clause.instance)


def _with_failures(node: Node) -> tuple[Node, list[tuple[Property, Var]]]:
    """A flat node with a stream for each clause that is true when it fails.

    Where a clause is absent its stream keeps the value before, false at first, so that it is true too early at no tick.
    """
    equations: list[Equation] = []
    clocks = dict(node.clocks)
    failing: list[tuple[Property, Var]] = []
    for number, clause in enumerate(p for p in node.properties if p.kind not in GOALS):
        fails = Var(f"fails[{number}]", BOOL, clause.span)
        clock = node.clocks[clause.holds]
        equations.append(Equation((fails,), Apply(Op.NOT, (clause.holds,)), clause.span, clock=clock))
        clocks[fails] = clock
        failing.append((clause, fails))
    extended = replace(node, equations=(*node.equations, *equations), clocks=MappingProxyType(clocks))
    return extended, failing


def _judging(machine: Machine, live: Slot, causes: list[Place]) -> tuple[Machine, Slot, Slot]:
    """The machine with the registers that say what decided a run, and when."""
    decided, at, now = (Slot(f"#{n}", I32, Storage.STATE, Const(0, I32)) for n in ("decided", "at", "now"))
    fails: Expr = causes[0]
    first: Expr = Literal(Const(len(causes), I32))
    for number in reversed(range(len(causes) - 1)):
        first = Select(causes[number], Literal(Const(number + 1, I32)), first)
    for cause in causes[1:]:
        fails = Binary(BinaryOp.OR, fails, cause)
    open_ = Binary(BinaryOp.EQ, Place(decided), Literal(Const(0, I32)))
    test = Binary(BinaryOp.AND, Binary(BinaryOp.AND, fails, Place(live)), open_)
    later = Binary(BinaryOp.ADD, Place(now), Literal(Const(1, I32)))
    body = (
        *machine.body,
        If(test, (Assign(Place(decided), first), Assign(Place(at), Place(now)))),
        Assign(Place(now), later),
    )
    return replace(machine, state=(*machine.state, decided, at, now), body=body), decided, at


def _keeping(machine: Machine, live: Slot, outputs: Sequence[Slot]) -> tuple[Machine, list[Slot]]:
    """The machine with a register for each of some outputs: its value at the last tick of the run."""
    kept: list[Slot] = []
    for output in outputs:
        kind = element(output.type)
        assert output.type is kind, "a figure is a number"
        kept.append(Slot(f"#kept.{output.name}", kind, Storage.STATE, Const(dtype(kind).type(0).item(), kind)))
    stores = tuple(Assign(Place(slot), Place(output)) for slot, output in zip(kept, outputs, strict=True))
    body = (*machine.body, If(Place(live), stores)) if stores else machine.body
    return replace(machine, state=(*machine.state, *kept), body=body), kept
