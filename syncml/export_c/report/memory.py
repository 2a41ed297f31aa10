"""How much memory a package takes, and how little it could.

    scratch(f) = the tensors of f + max over the functions g that it calls of scratch(g)
    bound(f)   = max over moments t of (live tensors of f at t + the bounds of the functions that run at t)

Rule: every figure is computed from the program, for the sizes of C's fixed types. State, inputs and outputs are structs
with padding; scratch is the tensors among the local variables, along the calls that need the most, where those that one
loop has for itself exist in its block only; the lower bound is the largest set of elements that are live together,
which no placement for this order of operations goes below.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.export_c.interface import data_names
from syncml.export_c.plan import MachinePlan, Plan, local_bytes, stack_slots
from syncml.export_c.report.instructions import work
from syncml.export_c.report.layout import slots_extent, state_extents, type_extent
from syncml.export_c.report.operations import Operations, operations
from syncml.export_c.report.worst_case import Tally
from syncml.export_c.state import initial_tables
from syncml.ir.step.overlay import Curve, Tenant, live_bytes, loop_peaks
from syncml.ir.step.overlay.lifetimes import timeline
from syncml.ir.step.syntax import Slot
from syncml.ir.types import TensorType, element, element_bytes, size

WIDE = 8
"""The alignment of numbers of eight bytes everywhere but on 32-bit x86."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A local tensor: the function that it belongs to, and where it starts in its frame, in bytes."""

    function: str
    name: str
    stream: str
    type: str
    bytes: int
    shared: bool


Amount: TypeAlias = tuple[int, int]
"""Bytes and elements."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The local variables of one function, in bytes.

    Attributes:
        function: Its name in C; ``node`` that of the node.
        tensors: What its tensors take.
        separate: What they would take if none shared memory.
        scalars: What its other variables take, if none is in a register.
        kept: The bytes and elements of tensors in the states of the function and of what it calls.
        loose: Those of tensors on the stack, along the calls that need the most.
        stack: All variables along the calls that need the most.
        bound: The most bytes of tensors that are live at one moment, calls included.
        calls: The functions that it calls.
    """

    function: str
    node: str
    tensors: int
    separate: int
    scalars: int
    kept: Amount
    loose: Amount
    stack: int
    bound: int
    calls: tuple[str, ...]

    @property
    def scratch(self) -> int:
        """The bytes of all tensors, on the stack and in states."""
        return self.kept[0] + self.loose[0]

    @property
    def scratch_elements(self) -> int:
        """Their elements: their bytes, if each were one byte."""
        return self.kept[1] + self.loose[1]


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant array and its bytes; ``reads`` are its readings in one tick."""

    name: str
    type: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """What one package costs."""

    node: str
    operations: Operations
    work: Tally
    inputs: int
    outputs: int
    state: int
    state_i386: int
    values: int
    frames: tuple[Frame, ...]
    constants: tuple[Constant, ...]
    tables: int
    largest: tuple[Tensor, ...]
    curve: Curve

    @property
    def main(self) -> Frame:
        """The frame of the exported step function."""
        return self.frames[-1]

    @property
    def ram(self) -> int:
        """State and local variables."""
        return self.state + self.main.stack

    @property
    def rom(self) -> int:
        """Constant arrays; the compiler knows the size of the code."""
        return sum(c.bytes for c in self.constants) + self.tables

    @property
    def call_path(self) -> tuple[str, ...]:
        """The functions whose frames are on the stack together when it is deepest, outermost first."""
        frames = {frame.function: frame for frame in self.frames}
        path = [self.main]
        while path[-1].calls:
            path.append(max((frames[name] for name in path[-1].calls), key=lambda frame: frame.stack))
        return tuple(frame.function for frame in path)


def report(plan: Plan) -> Report:
    """The costs of the package of ``plan``."""
    cost: dict[str, Operations] = {}
    done: dict[str, Tally] = {}
    frames: dict[str, Frame] = {}
    curve = Curve((), ())
    tensors: list[Tensor] = []
    # At the worst all jobs of the main machine are done in the tick at which they are due.
    waiting = tuple(stmt for job in plan.jobs for stmt in job.machine.body)
    for own in (*plan.machines[:-1], *plan.jobs, plan.main):
        name = own.machine.name
        due = waiting if own is plan.main else ()
        whole = replace(own.machine, body=(*own.machine.body, *due))
        cost[name], done[name] = operations(whole, cost), work(whole, done)
        curve = _curve(own, frames)
        frames[name] = _frame(plan, own, frames, curve)
        tensors += _tensors(own)
    states = state_extents(plan, WIDE)
    main = plan.main.machine
    return Report(
        main.label or main.name,
        cost[main.name],
        done[main.name],
        slots_extent(main.inputs).size,
        slots_extent(main.outputs).size,
        states[main.name].size,
        state_extents(plan, 4)[main.name].size,
        _values(plan),
        tuple(frames.values()),
        tuple(Constant(plan.constants[s], str(s.type), _bytes(s)) for s in data_names(plan)),
        sum(_bytes(table) for function in plan.functions for table in function.tables)
        + sum(_bytes(slot) for own in plan.machines for slot in initial_tables(own)),
        tuple(sorted(tensors, key=lambda t: -t.bytes)[:8]),
        curve,
    )


def _bytes(slot: Slot) -> int:
    return type_extent(slot.type, WIDE).size


def _values(plan: Plan) -> int:
    """The bytes of the state without padding."""
    found: dict[str, int] = {}
    for own in plan.machines:
        inner = sum(found[i.machine] * (i.extent or 1) for i in own.machine.instances)
        found[own.machine.name] = sum(map(_bytes, own.members)) + inner
    return found[plan.main.machine.name]


def local_tensors(own: MachinePlan) -> tuple[Slot, ...]:
    """The tensors among the local variables of a machine, before any share memory."""
    return tuple(slot for slot in own.placed.machine.locals if isinstance(slot.type, TensorType))


def _curve(own: MachinePlan, frames: dict[str, Frame]) -> Curve:
    """The live bytes at each moment, with the bounds of what runs then: its first and its last run, which is enough."""
    body = own.placed.machine.body
    outside, peaks = loop_peaks(body, local_tensors(own))
    found = timeline(body, outside)
    machines = {i.name: i.machine for i in own.machine.instances}
    blocks = list(peaks)
    for instance, calls in found.calls.items():
        bound = frames[machines[instance]].bound
        for start, end in calls:
            blocks += [(at, at + 2, bound) for at in dict.fromkeys((start, end - 2)) if bound]
    widths = ((lifetime, element_bytes(element(slot.type))) for slot, lifetime in found.lifetimes.items())
    return live_bytes(widths, blocks)


def _frame(plan: Plan, own: MachinePlan, frames: dict[str, Frame], curve: Curve) -> Frame:
    called = tuple(dict.fromkeys(i.machine for i in own.machine.instances))
    here = _amount(slot for slot in stack_slots(own) if isinstance(slot.type, TensorType))
    kept = _amount(own.scratch)
    inner = [(frames[i.machine].kept, i.extent or 1) for i in own.machine.instances]
    loose = max((frames[name].loose for name in called), default=(0, 0))
    return Frame(
        own.step,
        own.machine.label or own.machine.name,
        here[0] + kept[0],
        sum(map(_bytes, local_tensors(own))),
        local_bytes(own) - here[0],
        (kept[0] + sum(k[0] * n for k, n in inner), kept[1] + sum(k[1] * n for k, n in inner)),
        (here[0] + loose[0], here[1] + loose[1]),
        local_bytes(own) + max((frames[name].stack for name in called), default=0),
        curve.peak,
        tuple(plan.machine(name).step for name in called if not plan.machine(name).machine.external),
    )


def _amount(slots: Iterable[Slot]) -> Amount:
    counted = [(_bytes(slot), size(slot.type)) for slot in slots]
    return sum(n for n, _ in counted), sum(n for _, n in counted)


def _tensors(own: MachinePlan) -> list[Tensor]:
    shared = {t.slot for block in own.placed.blocks if len(block.tenants) > 1 for t in block.tenants}
    return [
        Tensor(own.step, s.name, s.origin.stream if s.origin else s.name, str(s.type), _bytes(s), s in shared)
        for s in local_tensors(own)
    ]


def tenants(own: MachinePlan) -> tuple[tuple[int, Tenant], ...]:
    """The large tensors of a machine, each with the byte of the frame where its block starts."""
    found: list[tuple[int, Tenant]] = []
    start = 0
    for block in own.placed.blocks:
        found += [(start, tenant) for tenant in block.tenants]
        start += block.extent * element_bytes(block.element)
    return tuple(found)
