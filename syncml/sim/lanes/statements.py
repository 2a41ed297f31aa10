"""Statements of step code as instructions of LLVM, under masks where control depends on the lane.

Rule: control that is equal in all lanes branches. Where it depends on the lane, both sides run, each under a mask: what
is assigned is chosen, lane by lane, between the new value and the old one. A long side is left out where no lane takes
it. Everything is defined in every lane: locals start at zero, indices stay in range, so a lane that is masked out
computes something harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import assert_never

from syncml.diagnostics.model import InternalFault
from syncml.ir.step.syntax import Assign, For, If, Invoke, Reset, Slot, Stmt, Switch
from syncml.ir.step.traverse import writes
from syncml.ir.types import BOOL, I64, EnumType
from syncml.sim.lanes.cost import cost
from syncml.sim.lanes.layout import Layout
from syncml.sim.lanes.llvm_text import Operand
from syncml.sim.lanes.memory import Memory

LEFT_OUT = 60
"""A masked block of at least so many operations is left out where no lane takes it."""


class Statements:
    """The printer of statements; what it writes goes to the lines of ``memory``.

    ``unmasked`` are the assignments that need no mask; see `syncml.sim.lanes.private`.
    """

    def __init__(self, memory: Memory, layout: Layout, unmasked: Set[int]) -> None:
        self._memory = memory
        self._unmasked = unmasked
        self._layout = layout
        self._lines = memory.lines
        self._expressions = memory.expressions

    def block(self, body: Sequence[Stmt]) -> None:
        """Statements in order."""
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
                    self.block(stmt.body)

                self.loop(stmt.count, iteration)
            case Invoke() | Reset():
                raise InternalFault("an instance outlived inlining")
            case _:
                assert_never(stmt)

    def _assign(self, stmt: Assign) -> None:
        slot = stmt.target.slot
        varying = slot in self._layout.varying
        value = self._expressions.expr(stmt.value)
        base = self._memory.base(slot)
        pointer = base
        if stmt.target.indices:
            position = self._memory.position(stmt.target)
            if position.varying:
                self._memory.scattered(slot, base, position, value)
                return
            pointer = self._memory.element_of(slot, base, position.text)
        if varying and self._memory.mask is not None and id(stmt) not in self._unmasked:
            value = self._expressions.choose(self._memory.mask, value, self._memory.load(slot, pointer))
        self._memory.store(slot, pointer, value, varying)

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
            self.block(block)
            self._lines.do(f"br label %{end}")
        self._lines.label(end)

    def _masked(self, condition: Operand, body: Sequence[Stmt]) -> None:
        """Run ``body`` in the lanes in which the condition holds."""
        if not body:
            return
        before = self._memory.mask
        self._memory.mask = condition if before is None else self._expressions.both(before, condition)
        if cost(body) < LEFT_OUT:
            self.block(body)
        else:
            width = self._layout.width
            bits = self._lines.value(f"bitcast {self._expressions.typed(self._memory.mask)} to i{width}")
            some = self._lines.value(f"icmp ne i{width} {bits}, 0")
            inside, end = self._lines.fresh("lanes"), self._lines.fresh("endlanes")
            self._lines.do(f"br i1 {some}, label %{inside}, label %{end}")
            self._lines.label(inside)
            self.block(body)
            self._lines.do(f"br label %{end}")
            self._lines.label(end)
        self._memory.mask = before

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
            self.block(block)
            self._lines.do(f"br label %{end}")
        self._lines.label(end)

    def _case(self, scrutinee: Operand, kind: EnumType, name: str) -> Operand:
        number = self._expressions.spread(Operand(str(kind.constructors.index(name)), kind, False))
        test = f"icmp eq {self._expressions.typed(scrutinee)}, {number.text}"
        return Operand(self._lines.value(test), BOOL, True)

    def loop(self, count: int, iteration: Callable[[str], None]) -> None:
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
                    found |= _in_all([written_always(block) for _, block in stmt.cases])
            case _:
                found |= set(writes(stmt))
    return found


def _in_all(sets: Sequence[set[Slot]]) -> set[Slot]:
    return {slot for slot in sets[0] if all(slot in each for each in sets)} if sets else set()
