"""Step code as a module of LLVM: many scenarios in step, a vector of lanes at a time.

Rule: the function ``run`` takes groups of lanes through all ticks. The loop over blocks of groups is outermost, then
ticks, then the groups of a block, so that the state of a block stays in the nearest cache and the groups of a tick,
which do not depend on each other, overlap in the processor.

Control that is equal in all lanes branches. Where it depends on the lane, both sides run, each under a mask: what is
assigned is chosen, lane by lane, between the new value and the old one. A long side is left out where no lane takes it.
Everything is defined in every lane: locals start at zero, indices stay in range, so a lane that is masked out computes
something harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import Const
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
    Function,
    If,
    Invoke,
    Literal,
    Machine,
    Place,
    Reset,
    Slot,
    Stmt,
    Storage,
    Switch,
)
from syncml.ir.step.traverse import blocks, machine_functions, own_expressions, walk, writes
from syncml.ir.types import BOOL, I64, EnumType, TensorType, element, size
from syncml.sim.lanes.layout import ALIGNMENT, Layout, memory_type
from syncml.sim.lanes.llvm_text import Expressions, Lines, Operand, function_text, intrinsics, scalar_type

LEFT_OUT = 60
"""A masked block of at least so many operations is left out where no lane takes it."""

_CLEARED = 16
"""The most values of a local tensor that is set to zero at the start of each step; others once."""

PARAMETERS = "i64 %ticks, i64 %first, i64 %last, i64 %block, ptr noalias %groups, ptr noalias readonly %constants, \
ptr noalias %scratch, ptr noalias readonly %tables"
"""Ticks; the first group and the one after the last; groups of a block; regions; where inputs and traces lie.

``tables`` has three numbers for each input, then for each traced output: an address, and the bytes from a tick and from
a group to the next.
"""

STEP_PARAMETERS = "i64 %tick, i1 %final, i64 %group, ptr noalias %memory, ptr noalias readonly %constants, \
ptr noalias %scratch, ptr noalias readonly %tables"
"""What a step of one group takes: whether the tick is the last one, and the region of the group in ``memory``."""

INLINED_STEP = 3000
"""A step of fewer instructions becomes part of the loops; passes over loops take too long for larger ones."""

ATTRIBUTES = 'attributes #0 = { nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512" }'


def print_module(machine: Machine, layout: Layout, traced: Sequence[Slot] = ()) -> str:
    """The text of the module for ``machine``, which writes the outputs ``traced`` at each tick.

    Raises:
        InternalFault: the machine has instances; inline them first.
    """
    if machine.instances:
        raise InternalFault(f"{machine.name} has instances, which the lane printer expects to be inlined")
    return _Printer(machine, layout, traced).module()


class _Printer:
    def __init__(self, machine: Machine, layout: Layout, traced: Sequence[Slot]) -> None:
        self._machine = machine
        self._layout = layout
        self._traced = traced
        self._lines = Lines()
        self._mask: Operand | None = None
        self._regions: dict[Slot, str] = {}
        always = written_always(machine.body)
        self._fresh = [s for s in machine.outputs if s in always and not isinstance(s.type, TensorType)]
        self._registers = {s for s in (*machine.locals, *self._fresh) if not isinstance(s.type, TensorType)}
        self._names: dict[Function, str] = {
            f: f"f{i}_{_plain(f.name)}" for i, f in enumerate(machine_functions(machine))
        }
        self._used: dict[tuple[Function, bool], None] = {}
        self._expressions = Expressions(self._lines, layout.width, self._read, self._function)

    def module(self) -> str:
        """The whole text."""
        body = self._run()
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

    # The loops around a step.

    def _run(self) -> list[str]:
        """The function that runs groups, after the step that it calls for each group and tick."""
        step = self._step()
        inline = "alwaysinline" if len(step) < INLINED_STEP else "noinline"
        return [
            f"define internal void @step({STEP_PARAMETERS}) {inline} #0 {{",
            "entry:",
            *step,
            "  ret void",
            "}",
            f"define void @run({PARAMETERS}) #0 {{",
            "entry:",
            *(f"  {line}" for line in self._clear_scratch()),
            "  %some = icmp ult i64 %first, %last",
            "  %any = icmp ugt i64 %ticks, 0",
            "  %go = and i1 %some, %any",
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
            "  %tick.more = icmp ult i64 %tick.next, %ticks",
            "  %final = xor i1 %tick.more, true",
            "  br label %step",
            "step:",
            "  %group = phi i64 [ %start, %instants ], [ %group.next, %step ]",
            f"  %memory.at = mul i64 %group, {self._layout.group_bytes}",
            "  %memory = getelementptr inbounds i8, ptr %groups, i64 %memory.at",
            "  call void @step(i64 %tick, i1 %final, i64 %group, ptr %memory, ptr %constants, ptr %scratch, ptr %tables)",
            "  %group.next = add i64 %group, 1",
            "  %group.more = icmp ult i64 %group.next, %stop",
            "  br i1 %group.more, label %step, label %tick.end",
            "tick.end:",
            "  br i1 %tick.more, label %instants, label %block.end",
            "block.end:",
            "  %block.more = icmp ult i64 %stop, %last",
            "  br i1 %block.more, label %blocks, label %done",
            "done:",
            "  ret void",
            "}",
        ]

    def _clear_scratch(self) -> list[str]:
        length = self._layout.scratch_bytes
        return [f"call void @llvm.memset.p0.i64(ptr %scratch, i8 0, i64 {length}, i1 false)"] if length else []

    def _tensor(self, slot: Slot) -> None:
        """Room for a local tensor."""
        lines, count = self._lines, size(slot.type)
        self._regions[slot] = name = f"%t{len(self._regions)}"
        if count <= _CLEARED:
            kind = f"[{count} x {self._stored(slot)}]"
            lines.do(f"{name} = alloca {kind}, align {self._alignment(slot)}")
        else:
            lines.do(f"{name} = getelementptr inbounds i8, ptr %scratch, i64 {self._layout.offset[slot]}")

    def _step(self) -> list[str]:
        """The instructions of a step of one group."""
        for slot in (*self._machine.locals, *self._fresh):
            if slot in self._registers:
                self._regions[slot] = name = f"%l{len(self._regions)}"
                self._lines.do(f"{name} = alloca {self._type(slot)}, align {self._alignment(slot)}")
            else:
                self._tensor(slot)
        for number, slot in enumerate(self._machine.inputs):
            self._regions[slot] = self._row(number)
        for slot in (*self._machine.locals, *self._fresh):
            if slot in self._registers:
                self._lines.do(f"store {self._type(slot)} zeroinitializer, ptr {self._regions[slot]}")
            elif size(slot.type) <= _CLEARED:
                kind = f"[{size(slot.type)} x {self._stored(slot)}]"
                self._lines.do(f"store {kind} zeroinitializer, ptr {self._regions[slot]}")
        self._block(self._machine.body)
        for number, slot in enumerate(self._traced, len(self._machine.inputs)):
            self._trace(slot, self._row(number))
        self._last_values()
        return self._lines.text

    def _last_values(self) -> None:
        """Outputs that every tick writes reach memory at the last tick only."""
        if not self._fresh:
            return
        values = [(slot, self._load(slot, self._regions[slot])) for slot in self._fresh]
        for slot in self._fresh:
            self._registers.discard(slot)
            del self._regions[slot]
        self._lines.do("br i1 %final, label %last, label %leave")
        self._lines.label("last")
        for slot, value in values:
            self._store(slot, self._base(slot), value, slot in self._layout.varying)
        self._lines.do("br label %leave")
        self._lines.label("leave")

    def _row(self, number: int) -> str:
        """The address of an input or a traced output at this tick and group."""
        lines = self._lines
        entries: list[str] = []
        for i in range(3):
            place = lines.value(f"getelementptr inbounds i64, ptr %tables, i64 {3 * number + i}")
            entries.append(lines.value(f"load {'i64' if i else 'ptr'}, ptr {place}"))
        base, tick_bytes, group_bytes = entries
        ticks = lines.value(f"mul i64 %tick, {tick_bytes}")
        groups = lines.value(f"mul i64 %group, {group_bytes}")
        offset = lines.value(f"add i64 {ticks}, {groups}")
        return lines.value(f"getelementptr inbounds i8, ptr {base}, i64 {offset}")

    def _trace(self, slot: Slot, row: str) -> None:
        """Copy an output; it has a value for each lane in traces, whatever it has in the state."""
        lines = self._lines
        source = self._base(slot)

        def copy(i: str) -> None:
            value = self._load(slot, self._element(slot, source, i))
            wide = self._expressions.spread(value)
            target = lines.value(f"getelementptr inbounds {self._memory(slot, True)}, ptr {row}, i64 {i}")
            self._store(slot, target, wide, True)

        if size(slot.type) == 1:
            copy("0")
        else:
            self._loop(size(slot.type), copy)

    # Memory.

    def _type(self, slot: Slot) -> str:
        """The LLVM type of an element in a register."""
        return self._expressions.type_of(element(slot.type), slot in self._layout.varying)

    def _stored(self, slot: Slot) -> str:
        return self._memory(slot, slot in self._layout.varying)

    def _memory(self, slot: Slot, varying: bool) -> str:
        """The LLVM type of an element in memory, where Booleans are bytes."""
        single = _in_memory(slot)
        return f"<{self._layout.width} x {single}>" if varying else single

    def _alignment(self, slot: Slot) -> int:
        lanes = self._layout.lanes(slot)
        return min(ALIGNMENT, lanes * memory_type(element(slot.type)).itemsize)

    def _base(self, slot: Slot) -> str:
        """The address of the first element."""
        if slot in self._regions:
            return self._regions[slot]
        region = {Storage.STATE: "%memory", Storage.OUTPUT: "%memory", Storage.CONSTANT: "%constants"}[slot.storage]
        return self._lines.value(f"getelementptr inbounds i8, ptr {region}, i64 {self._layout.offset[slot]}")

    def _element(self, slot: Slot, base: str, position: str) -> str:
        """The address of an element, all lanes of it."""
        if position == "0":
            return base
        return self._lines.value(f"getelementptr inbounds {self._stored(slot)}, ptr {base}, i64 {position}")

    def _is_register(self, slot: Slot) -> bool:
        return slot in self._registers

    def _load(self, slot: Slot, pointer: str) -> Operand:
        kind, varying = element(slot.type), slot in self._layout.varying
        aligned = f"align {self._alignment(slot)}"
        if kind is not BOOL or self._is_register(slot):
            return Operand(self._lines.value(f"load {self._type(slot)}, ptr {pointer}, {aligned}"), kind, varying)
        raw = self._lines.value(f"load {self._stored(slot)}, ptr {pointer}, {aligned}")
        return self._truth(raw, varying)

    def _truth(self, raw: str, varying: bool) -> Operand:
        """A Boolean from its byte."""
        kind = f"<{self._layout.width} x i8>" if varying else "i8"
        zero = "zeroinitializer" if varying else "0"
        return Operand(self._lines.value(f"icmp ne {kind} {raw}, {zero}"), BOOL, varying)

    def _store(self, slot: Slot, pointer: str, value: Operand, varying: bool) -> None:
        value = self._expressions.spread(value) if varying else value
        lanes = self._layout.width if varying else 1
        aligned = f"align {min(ALIGNMENT, lanes * memory_type(element(slot.type)).itemsize)}"
        if element(slot.type) is BOOL and not self._is_register(slot):
            kind = self._memory(slot, varying)
            byte = self._lines.value(f"zext {self._expressions.typed(value)} to {kind}")
            self._lines.do(f"store {kind} {byte}, ptr {pointer}, {aligned}")
        else:
            self._lines.do(f"store {self._expressions.typed(value)}, ptr {pointer}, {aligned}")

    def _position(self, place: Place) -> Operand:
        """The row-major place of an element."""
        type_ = place.slot.type
        assert isinstance(type_, TensorType)
        total: Expr | None = None
        constant, stride = 0, 1
        for extent, i in zip(reversed(type_.shape), reversed(place.indices), strict=True):
            if isinstance(i, Literal):
                constant += int(i.value.machine()) * stride
            else:
                term = i if stride == 1 else Binary(BinaryOp.MUL, i, _whole(stride))
                total = term if total is None else Binary(BinaryOp.ADD, term, total)
            stride *= extent
        if total is None:
            return Operand(str(constant), I64, False)
        return self._expressions.expr(Binary(BinaryOp.ADD, total, _whole(constant)) if constant else total)

    def _read(self, place: Place) -> Operand:
        base = self._base(place.slot)
        if not place.indices:
            return self._load(place.slot, base)
        position = self._position(place)
        if position.varying:
            return self._gathered(place.slot, base, position)
        return self._load(place.slot, self._element(place.slot, base, position.text))

    def _lane_addresses(self, slot: Slot, base: str, position: Operand) -> list[str]:
        """The address of each lane's element; that of the first element for a lane that is masked out."""
        if self._mask is not None:
            position = self._expressions.choose(self._mask, position, Operand("0", I64, False))
        lanes = self._layout.lanes(slot)
        wide = self._expressions.typed(position)
        addresses: list[str] = []
        for lane in range(self._layout.width):
            index = self._lines.value(f"extractelement {wide}, i64 {lane}")
            if lanes > 1:
                index = self._lines.value(f"mul i64 {index}, {lanes}")
                index = self._lines.value(f"add i64 {index}, {lane}")
            addresses.append(self._lines.value(f"getelementptr inbounds {_in_memory(slot)}, ptr {base}, i64 {index}"))
        return addresses

    def _gathered(self, slot: Slot, base: str, position: Operand) -> Operand:
        """An element for each lane, each at its own place."""
        single, wide = _in_memory(slot), self._memory(slot, True)
        found = "poison"
        for lane, address in enumerate(self._lane_addresses(slot, base, position)):
            value = self._lines.value(f"load {single}, ptr {address}")
            found = self._lines.value(f"insertelement {wide} {found}, {single} {value}, i64 {lane}")
        kind = element(slot.type)
        return self._truth(found, True) if kind is BOOL else Operand(found, kind, True)

    def _scattered(self, slot: Slot, base: str, position: Operand, value: Operand) -> None:
        """Write an element in each lane at its own place; a lane that is masked out writes what is there."""
        value = self._expressions.spread(value)
        if self._mask is not None:
            value = self._expressions.choose(self._mask, value, self._gathered(slot, base, position))
        single, wide = _in_memory(slot), self._memory(slot, True)
        raw = value.text
        if element(slot.type) is BOOL:
            raw = self._lines.value(f"zext {self._expressions.typed(value)} to {wide}")
        for lane, address in enumerate(self._lane_addresses(slot, base, position)):
            part = self._lines.value(f"extractelement {wide} {raw}, i64 {lane}")
            self._lines.do(f"store {single} {part}, ptr {address}")

    # Statements.

    def _block(self, body: Sequence[Stmt]) -> None:
        for stmt in body:
            self._statement(stmt)

    def _statement(self, stmt: Stmt) -> None:
        match stmt:
            case Assign():
                self._assign(stmt)
            case If():
                self._if(stmt)
            case Switch():
                self._switch(stmt)
            case For():

                def iteration(counter: str, stmt: For = stmt) -> None:
                    self._expressions.counters[stmt.index] = Operand(counter, I64, False)
                    self._block(stmt.body)

                self._loop(stmt.count, iteration)
            case Invoke() | Reset():
                raise InternalFault("an instance outlived inlining")
            case _:
                assert_never(stmt)

    def _assign(self, stmt: Assign) -> None:
        slot = stmt.target.slot
        varying = slot in self._layout.varying
        value = self._expressions.expr(stmt.value)
        base = self._base(slot)
        pointer = base
        if stmt.target.indices:
            position = self._position(stmt.target)
            if position.varying:
                self._scattered(slot, base, position, value)
                return
            pointer = self._element(slot, base, position.text)
        if varying and self._mask is not None:
            value = self._expressions.choose(self._mask, value, self._load(slot, pointer))
        self._store(slot, pointer, value, varying)

    def _if(self, stmt: If) -> None:
        condition = self._expressions.expr(stmt.condition)
        if condition.varying:
            self._masked(condition, stmt.then)
            if stmt.otherwise:
                self._masked(self._expressions.negated(condition), stmt.otherwise)
            return
        then, otherwise, end = (self._lines.fresh(stem) for stem in ("then", "else", "endif"))
        self._lines.do(f"br i1 {condition.text}, label %{then}, label %{otherwise}")
        for label, block in ((then, stmt.then), (otherwise, stmt.otherwise)):
            self._lines.label(label)
            self._block(block)
            self._lines.do(f"br label %{end}")
        self._lines.label(end)

    def _masked(self, condition: Operand, body: Sequence[Stmt]) -> None:
        """Run ``body`` in the lanes in which the condition holds."""
        if not body:
            return
        before = self._mask
        self._mask = condition if before is None else self._expressions.both(before, condition)
        if cost(body) < LEFT_OUT:
            self._block(body)
        else:
            width = self._layout.width
            bits = self._lines.value(f"bitcast {self._expressions.typed(self._mask)} to i{width}")
            some = self._lines.value(f"icmp ne i{width} {bits}, 0")
            inside, end = self._lines.fresh("lanes"), self._lines.fresh("endlanes")
            self._lines.do(f"br i1 {some}, label %{inside}, label %{end}")
            self._lines.label(inside)
            self._block(body)
            self._lines.do(f"br label %{end}")
            self._lines.label(end)
        self._mask = before

    def _switch(self, stmt: Switch) -> None:
        kind = stmt.scrutinee.type
        assert isinstance(kind, EnumType)
        scrutinee = self._expressions.expr(stmt.scrutinee)
        if scrutinee.varying:
            tests = [self._case(scrutinee, kind, name) for name, _ in stmt.cases]
            for test, (_, block) in zip(tests, stmt.cases, strict=True):
                self._masked(test, block)
            return
        end = self._lines.fresh("endswitch")
        labels = [self._lines.fresh("case") for _ in stmt.cases]
        cases = " ".join(
            f"i32 {kind.constructors.index(name)}, label %{label}"
            for label, (name, _) in zip(labels, stmt.cases, strict=True)
        )
        self._lines.do(f"switch i32 {scrutinee.text}, label %{end} [ {cases} ]")
        for label, (_, block) in zip(labels, stmt.cases, strict=True):
            self._lines.label(label)
            self._block(block)
            self._lines.do(f"br label %{end}")
        self._lines.label(end)

    def _case(self, scrutinee: Operand, kind: EnumType, name: str) -> Operand:
        number = self._expressions.spread(Operand(str(kind.constructors.index(name)), kind, False))
        test = f"icmp eq {self._expressions.typed(scrutinee)}, {number.text}"
        return Operand(self._lines.value(test), BOOL, True)

    def _loop(self, count: int, iteration: Callable[[str], None]) -> None:
        """``iteration`` for each counter from 0 to ``count - 1``."""
        before, body, latch, end = (self._lines.fresh(stem) for stem in ("loop", "body", "next", "endloop"))
        counter, following = f"%{self._lines.fresh('i')}", f"%{self._lines.fresh('i')}"
        self._lines.do(f"br label %{before}")
        self._lines.label(before)
        self._lines.do(f"br label %{body}")
        self._lines.label(body)
        self._lines.do(f"{counter} = phi i64 [ 0, %{before} ], [ {following}, %{latch} ]")
        iteration(counter)
        self._lines.do(f"br label %{latch}")
        self._lines.label(latch)
        self._lines.do(f"{following} = add nuw nsw i64 {counter}, 1")
        more = self._lines.value(f"icmp ult i64 {following}, {count}")
        self._lines.do(f"br i1 {more}, label %{body}, label %{end}")
        self._lines.label(end)


def written_always(body: Sequence[Stmt]) -> set[Slot]:
    """The slots of which every run of ``body`` writes some element, whatever its conditions are."""
    found: set[Slot] = set()
    for stmt in body:
        match stmt:
            case If():
                found |= written_always(stmt.then) & written_always(stmt.otherwise)
            case For():
                found |= written_always(stmt.body)
            case Switch():
                kind = stmt.scrutinee.type
                if isinstance(kind, EnumType) and {name for name, _ in stmt.cases} == set(kind.constructors):
                    found |= set.intersection(*(written_always(block) for _, block in stmt.cases))
            case _:
                found |= set(writes(stmt))
    return found


def _plain(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name)


def _whole(value: int) -> Literal:
    return Literal(Const(value, I64))


def _in_memory(slot: Slot) -> str:
    """The LLVM type of one value in memory."""
    kind = element(slot.type)
    return "i8" if kind is BOOL else scalar_type(kind)


def cost(body: Sequence[Stmt]) -> int:
    """About how many operations ``body`` runs, loops and functions included."""
    total = 0
    stack = [(stmt, 1) for stmt in body]
    while stack:
        stmt, times = stack.pop()
        for expr in own_expressions(stmt):
            for part in walk(expr):
                total += times * (1 + (len(part.function.body) if isinstance(part, Apply) else 0))
        inner = times * stmt.count if isinstance(stmt, For) else times
        stack += [(each, inner) for block in blocks(stmt) for each in block]
    return total
