"""Step code as a module of LLVM: many scenarios in step, a vector of lanes at a time.

Rule: the function ``run`` takes groups of lanes through all ticks. The loop over blocks of groups is outermost, then
ticks, then the groups of a block, so that the state of a block stays in the nearest cache and the groups of a tick,
which do not depend on each other, overlap in the processor. Where the state of a group fits the registers, ticks are
innermost instead, nothing is stored between them, and the group is as wide as registers allow.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncml.diagnostics.model import InternalFault
from syncml.ir.step.syntax import Function, Machine, Slot
from syncml.ir.step.traverse import machine_functions
from syncml.ir.types import TensorType, size
from syncml.sim.lanes.layout import ALIGNMENT, Layout
from syncml.sim.lanes.llvm_text import function_text, intrinsics
from syncml.sim.lanes.memory import Memory
from syncml.sim.lanes.private import unmasked
from syncml.sim.lanes.statements import Statements, written_always

_CLEARED = 16
"""The most values of a local tensor that is set to zero at the start of each step; others once."""

PARAMETERS = "i64 %ticks, i64 %first, i64 %last, i64 %block, i1 %keep, ptr noalias %states, ptr noalias %outputs, \
ptr noalias readonly %constants, ptr noalias %scratch, ptr noalias readonly %tables"
"""Ticks; the first group and the one after the last; groups of a block; regions; where inputs and traces lie.

Where ticks are inside and the state is not to be kept, ``states`` is one initial state for all groups.

``tables`` has four numbers for each input, then for each traced output: an address, and the bytes from a tick, from a
group and from an element to the next; the elements of an input follow each other.
"""

ENTRY = 4
"""The numbers of an input or a trace in the table."""

STEP_PARAMETERS = "i64 %tick, i1 %final, i64 %group, ptr noalias %memory, ptr noalias %results, \
ptr noalias readonly %constants, ptr noalias %scratch, ptr noalias readonly %tables"
"""What a step of one group takes: whether the tick is the last one, its state in ``memory``, outputs in ``results``."""

_STEP_ARGUMENTS = "i64 %tick, i1 %final, i64 %group, ptr {}, ptr %results, ptr %constants, ptr %scratch, ptr %tables"

INLINED_STEP = 3000
"""A step of fewer instructions becomes part of the loops; passes over loops take too long for larger ones."""

ATTRIBUTES = 'attributes #0 = { nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512" }'

BLOCKS = (
    "  br i1 %go, label %blocks, label %done",
    "blocks:",
    "  %start = phi i64 [ %first, %entry ], [ %stop, %block.end ]",
    "  %after = add i64 %start, %block",
    "  %short = icmp ult i64 %after, %last",
    "  %stop = select i1 %short, i64 %after, i64 %last",
    "  br label %instants",
    "instants:",
    "  %tick = phi i64 [ 0, %blocks ], [ %tick.next, %tick.end ]",
    "  %tick.next = add i64 %tick, 1",
)
"""Blocks of groups, one after the other, and the ticks of a block: up to the head of the loop over its groups."""


def print_module(machine: Machine, layout: Layout, traced: Sequence[Slot] = (), *, alone: bool = True) -> str:
    """The text of the module for ``machine``, which writes the outputs ``traced`` at each tick.

    Its function is ``run``; where it is not ``alone`` but stepped in turns with others, it is ``step``.

    Raises:
        InternalFault: the machine has instances; inline them first.
    """
    if machine.instances:
        raise InternalFault(f"{machine.name} has instances, which the lane printer expects to be inlined")
    return _Printer(machine, layout, traced).module(alone)


class _Printer:
    def __init__(self, machine: Machine, layout: Layout, traced: Sequence[Slot]) -> None:
        self._machine = machine
        self._layout = layout
        self._traced = traced
        self._names: dict[Function, str] = {
            f: f"f{i}_{_plain(f.name)}" for i, f in enumerate(machine_functions(machine))
        }
        self._used: dict[tuple[Function, bool], None] = {}
        always = written_always(machine.body)
        self._fresh = [s for s in machine.outputs if s in always and not isinstance(s.type, TensorType)]
        registers = [s for s in (*machine.locals, *self._fresh) if not isinstance(s.type, TensorType)]
        self._memory = Memory(layout, registers, self._function)
        self._statements = Statements(self._memory, layout, unmasked(machine.body))
        self._lines = self._memory.lines

    def module(self, alone: bool) -> str:
        """The whole text."""
        body = self._run() if alone else self._one_step()
        return "\n".join([*intrinsics(self._layout.width), *self._definitions(), *body, ATTRIBUTES, ""])

    def _function(self, function: Function, varying: bool) -> str:
        self._used.setdefault((function, varying))
        return f"{self._names[function]}_{'lanes' if varying else 'one'}"

    def _definitions(self) -> list[str]:
        """The functions that are used, on scalars, on lanes or both."""
        texts: list[str] = []
        done = 0
        while done < len(self._used):
            function, varying = list(self._used)[done]
            name = self._function(function, varying)
            texts.append(function_text(function, name, self._layout.width, varying, self._function))
            done += 1
        return texts

    def _one_step(self) -> list[str]:
        """The function that takes a group through a tick."""
        return [f"define void @step({STEP_PARAMETERS}) #0 {{", "entry:", *self._step(), "  ret void", "}"]

    # The loops around a step.

    def _run(self) -> list[str]:
        """The function that runs groups, after the step that it calls for each group and tick."""
        step = self._step()
        small = self._layout.in_registers or len(step) < INLINED_STEP
        inside = self._layout.in_registers
        return [
            f"define internal void @step({STEP_PARAMETERS}) {'alwaysinline' if small else 'noinline'} #0 {{",
            "entry:",
            *step,
            "  ret void",
            "}",
            f"define void @run({PARAMETERS}) #0 {{",
            "entry:",
            f"  %local = alloca [{self._layout.state_bytes if inside else 0} x i8], align {ALIGNMENT}",
            *(f"  {line}" for line in self._clear_scratch()),
            "  %some = icmp ult i64 %first, %last",
            "  %any = icmp ugt i64 %ticks, 0",
            "  %go = and i1 %some, %any",
            *(self._ticks_inside() if inside else self._groups_inside()),
            "done:",
            "  ret void",
            "}",
        ]

    def _ticks_inside(self) -> list[str]:
        """One group after another through all ticks, its state in registers as far as they go."""
        size_, copy = self._layout.state_bytes, "call void @llvm.memcpy.p0.p0.i64(ptr align 64"
        return [
            "  br i1 %go, label %whole, label %done",
            "whole:",
            "  %group = phi i64 [ %first, %entry ], [ %group.next, %stored ]",
            f"  %own = mul i64 %group, {size_}",
            "  %memory.at = select i1 %keep, i64 %own, i64 0",
            "  %memory = getelementptr inbounds i8, ptr %states, i64 %memory.at",
            *self._results(),
            f"  {copy} %local, ptr align 64 %memory, i64 {size_}, i1 false)",
            "  br label %step",
            "step:",
            "  %tick = phi i64 [ 0, %whole ], [ %tick.next, %step ]",
            "  %tick.next = add i64 %tick, 1",
            "  %tick.more = icmp ult i64 %tick.next, %ticks",
            "  %final = xor i1 %tick.more, true",
            f"  call void @step({_STEP_ARGUMENTS.format('%local')})",
            "  br i1 %tick.more, label %step, label %whole.end",
            "whole.end:",
            "  br i1 %keep, label %store, label %stored",
            "store:",
            f"  {copy} %memory, ptr align 64 %local, i64 {size_}, i1 false)",
            "  br label %stored",
            "stored:",
            "  %group.next = add i64 %group, 1",
            "  %group.more = icmp ult i64 %group.next, %last",
            "  br i1 %group.more, label %whole, label %done",
        ]

    def _groups_inside(self) -> list[str]:
        """All groups of a block through a tick, then through the next."""
        return [
            *BLOCKS,
            "  %tick.more = icmp ult i64 %tick.next, %ticks",
            "  %final = xor i1 %tick.more, true",
            "  br label %step",
            "step:",
            "  %group = phi i64 [ %start, %instants ], [ %group.next, %step ]",
            f"  %memory.at = mul i64 %group, {self._layout.state_bytes}",
            "  %memory = getelementptr inbounds i8, ptr %states, i64 %memory.at",
            *self._results(),
            f"  call void @step({_STEP_ARGUMENTS.format('%memory')})",
            "  %group.next = add i64 %group, 1",
            "  %group.more = icmp ult i64 %group.next, %stop",
            "  br i1 %group.more, label %step, label %tick.end",
            "tick.end:",
            "  br i1 %tick.more, label %instants, label %block.end",
            "block.end:",
            "  %block.more = icmp ult i64 %stop, %last",
            "  br i1 %block.more, label %blocks, label %done",
        ]

    def _results(self) -> list[str]:
        """The region of a group for its outputs."""
        return [
            f"  %results.at = mul i64 %group, {self._layout.output_bytes}",
            "  %results = getelementptr inbounds i8, ptr %outputs, i64 %results.at",
        ]

    def _clear_scratch(self) -> list[str]:
        length = self._layout.scratch_bytes
        return [f"call void @llvm.memset.p0.i64(ptr %scratch, i8 0, i64 {length}, i1 false)"] if length else []

    def _step(self) -> list[str]:
        """The instructions of a step of one group."""
        memory, regions = self._memory, self._memory.regions
        slots = (*self._machine.locals, *self._fresh)
        for slot in slots:
            self._place(slot)
        for number, slot in enumerate(self._machine.inputs):
            regions[slot] = self._row(number)
        for slot in slots:
            if slot in memory.registers:
                self._lines.do(f"store {memory.register_type(slot)} zeroinitializer, ptr {regions[slot]}")
            elif size(slot.type) <= _CLEARED:
                kind = f"[{size(slot.type)} x {memory.stored_type(slot)}]"
                self._lines.do(f"store {kind} zeroinitializer, ptr {regions[slot]}")
        self._statements.block(self._machine.body)
        for number, slot in enumerate(self._traced, len(self._machine.inputs)):
            self._trace(slot, self._row(number), self._entry(number, 3))
        self._last_values()
        return self._lines.text

    def _place(self, slot: Slot) -> None:
        """Room for a local, or for an output that every tick writes."""
        memory, lines, count = self._memory, self._lines, size(slot.type)
        memory.regions[slot] = name = f"%l{len(memory.regions)}"
        aligned = f"align {memory.alignment(slot)}"
        if slot in memory.registers:
            lines.do(f"{name} = alloca {memory.register_type(slot)}, {aligned}")
        elif count <= _CLEARED:
            lines.do(f"{name} = alloca [{count} x {memory.stored_type(slot)}], {aligned}")
        else:
            lines.do(f"{name} = getelementptr inbounds i8, ptr %scratch, i64 {self._layout.offset[slot]}")

    def _last_values(self) -> None:
        """Outputs that every tick writes reach memory at the last tick only."""
        if not self._fresh:
            return
        self._lines.do("br i1 %final, label %last, label %leave")
        self._lines.label("last")
        for slot in self._fresh:
            value = self._memory.load(slot, self._memory.base(slot))
            del self._memory.regions[slot]
            self._memory.store(slot, self._memory.base(slot), value, slot in self._layout.varying)
        self._lines.do("br label %leave")
        self._lines.label("leave")

    def _row(self, number: int) -> str:
        """The address of an input or a traced output at this tick and group."""
        lines = self._lines
        base, tick_bytes, group_bytes = (self._entry(number, i) for i in range(3))
        ticks = lines.value(f"mul i64 %tick, {tick_bytes}")
        groups = lines.value(f"mul i64 %group, {group_bytes}")
        offset = lines.value(f"add i64 {ticks}, {groups}")
        return lines.value(f"getelementptr inbounds i8, ptr {base}, i64 {offset}")

    def _entry(self, number: int, part: int) -> str:
        """A number of the table of inputs and traces."""
        place = self._lines.value(f"getelementptr inbounds i64, ptr %tables, i64 {ENTRY * number + part}")
        return self._lines.value(f"load {'i64' if part else 'ptr'}, ptr {place}")

    def _trace(self, slot: Slot, row: str, element_bytes: str) -> None:
        """Copy an output; it has a value for each lane in traces, whatever it has in the state."""
        memory = self._memory
        source = memory.base(slot)

        def copy(i: str) -> None:
            value = memory.load(slot, memory.element_of(slot, source, i))
            offset = self._lines.value(f"mul i64 {i}, {element_bytes}")
            target = self._lines.value(f"getelementptr inbounds i8, ptr {row}, i64 {offset}")
            memory.store(slot, target, value, True)

        if size(slot.type) == 1:
            copy("0")
        else:
            self._statements.loop(size(slot.type), copy)


def _plain(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
