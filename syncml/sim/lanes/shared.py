"""The loop of machines that take turns, as a module of LLVM: a block of lanes through all ticks, what is equal once.

Rule: what a program does up to a tick follows from its inputs up to that tick. So neighbouring lanes of which the
inputs have been the same, bit for bit, share one lane of the program. All lanes of a block start so; a lane that is
given something else than its left neighbour forks: it takes a lane of the program of its own, with a copy of the state,
and those to its right that are still joined to it come along. A lane that is not live needs no fork any more, unless
its neighbour is.

At each tick the world steps in all lanes, lanes fork, the program steps in as many lanes as there are different ones,
with the inputs of the leftmost lane of each, and every lane of the world reads the outputs of its own. A group whose
runs are all over is left alone, and the loop ends with the last run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from syncml.ir.step.syntax import Slot
from syncml.ir.types import element
from syncml.sim.lanes.layout import memory_type
from syncml.sim.lanes.llvm_text import Lines
from syncml.sim.lanes.printer import ATTRIBUTES

SIDE = ("states", "state_bytes", "outputs", "output_bytes", "constants", "table")
"""What the loop has to know of a machine."""
SHARING = (
    "live", "joined", "lane_of", "leader", "forked", "state_slots", "state_count", "output_slots", "output_count",
    "own_count",
)  # fmt: skip
"""What it has to know of lanes: which runs are not over; which are joined to their left neighbour, the lane of the
program of each, the leftmost lane of the world that a lane of the program is for, at which tick a lane forked; then the
varying slots of the state and the outputs of the program (the first byte, how many elements, the bytes of each), and
how many inputs the program has that each run gets for itself: then every lane has its own from the start."""

_STEP = "void (i64, i1, i64, ptr, ptr, ptr, ptr, ptr)"


def loop_text(width: int, read: Sequence[Slot], given: Sequence[Slot], live: int) -> str:
    """The module; its function is ``run``.

    Its parameters are: ticks; the first group and the one after the last; the steps of the world and of the program;
    tables of `SIDE` for each, and scratch memory for each; a table of `SHARING`; a table with two addresses for each
    of ``read`` and ``given``: the values, and where they are to be.

    Args:
        width: The lanes of a group.
        read: The outputs of the world that the program reads; each is one number.
        given: The outputs of the program that the world reads; likewise.
        live: The place among ``read`` of what says which runs are not over.
    """
    return "\n".join([*_copy(width), *_fork(width), *_Loop(width, read, given, live).text(), ATTRIBUTES, ""])


class _Loop:
    def __init__(self, width: int, read: Sequence[Slot], given: Sequence[Slot], live: int) -> None:
        self._width, self._read, self._given, self._live = width, read, given, live
        self._lines = Lines()

    def text(self) -> list[str]:
        """The function ``run``."""
        lines = self._lines
        for side in ("world", "program"):
            self._load(side, SIDE)
        self._load("share", SHARING)
        for i in range(len(self._read) + len(self._given)):
            for j, name in enumerate(("from", "to")):
                self._field("links", 2 * i + j, f"{name}{i}", "ptr")
        lines.do(f"%begin = mul i64 %first, {self._width}")
        lines.do(f"%end = mul i64 %last, {self._width}")
        lines.do("%used = alloca i64")
        one = lines.value("add i64 %begin, 1")
        alone = lines.value("icmp ne i64 %share.own_count, 0")
        lines.do(f"store i64 {lines.value(f'select i1 {alone}, i64 %end, i64 {one}')}, ptr %used")
        lines.do("%going = alloca i1")
        lines.do("br label %instants")
        lines.label("instants")
        lines.do("%tick = phi i64 [ 0, %entry ], [ %tick.next, %tick.end ]")
        lines.do("store i1 false, ptr %going")
        self._for("%first", "%last", self._world)
        lines.do("%on = load i1, ptr %going")
        lines.do("br i1 %on, label %programs, label %done")
        lines.label("programs")
        used = lines.value("load i64, ptr %used")
        groups = lines.value(f"udiv i64 {lines.value(f'add i64 {used}, {self._width - 1}')}, {self._width}")
        self._for("%first", groups, self._program)
        self._for("%first", "%last", self._hand_over)
        lines.do("br label %tick.end")
        lines.label("tick.end")
        lines.do("%tick.next = add i64 %tick, 1")
        lines.do("%tick.more = icmp ult i64 %tick.next, %ticks")
        lines.do("br i1 %tick.more, label %instants, label %done")
        lines.label("done")
        return [
            "define void @run(i64 %ticks, i64 %first, i64 %last, ptr %step.world, ptr %step.program, ptr %world, "
            "ptr %program, ptr %scratch.world, ptr %scratch.program, ptr %share, ptr %links) #0 {",
            "entry:",
            *lines.text,
            "  ret void",
            "}",
        ]

    def _load(self, table: str, names: Sequence[str]) -> None:
        for i, name in enumerate(names):
            kind = "i64" if name.endswith(("bytes", "count")) else "ptr"
            self._field(table, i, f"{table}.{name}", kind)

    def _field(self, table: str, place: int, name: str, kind: str) -> None:
        at = self._lines.value(f"getelementptr inbounds i64, ptr %{table}, i64 {place}")
        self._lines.do(f"%{name} = load {kind}, ptr {at}")

    def _for(self, first: str, last: str, body: Callable[[str], None]) -> None:
        """``body`` for each number from the first to the one before the last; there is one at least."""
        lines = self._lines
        before, inside, latch, end = (lines.fresh(stem) for stem in ("before", "for", "next", "end"))
        counter, following = f"%{lines.fresh('i')}", f"%{lines.fresh('i')}"
        lines.do(f"br label %{before}")
        lines.label(before)
        lines.do(f"br label %{inside}")
        lines.label(inside)
        lines.do(f"{counter} = phi i64 [ {first}, %{before} ], [ {following}, %{latch} ]")
        body(counter)
        lines.do(f"br label %{latch}")
        lines.label(latch)
        lines.do(f"{following} = add i64 {counter}, 1")
        more = lines.value(f"icmp ult i64 {following}, {last}")
        lines.do(f"br i1 {more}, label %{inside}, label %{end}")
        lines.label(end)

    def _if(self, condition: str, body: Callable[[], None]) -> None:
        inside, end = self._lines.fresh("then"), self._lines.fresh("endif")
        self._lines.do(f"br i1 {condition}, label %{inside}, label %{end}")
        self._lines.label(inside)
        body()
        self._lines.do(f"br label %{end}")
        self._lines.label(end)

    def _at(self, kind: str, base: str, index: str) -> str:
        return self._lines.value(f"getelementptr inbounds {kind}, ptr {base}, i64 {index}")

    def _some(self, base: str, lane: str) -> str:
        """Whether one of a group of bytes is not zero."""
        kind = f"i{8 * self._width}"
        found = self._lines.value(f"load {kind}, ptr {self._at('i8', base, lane)}, align 1")
        return self._lines.value(f"icmp ne {kind} {found}, 0")

    # The parts of a tick, each for a group.

    def _world(self, group: str) -> None:
        lane = self._lines.value(f"mul i64 {group}, {self._width}")

        def step() -> None:
            self._step("world", group)
            now = self._some("%share.live", lane)
            going = self._lines.value("load i1, ptr %going")
            self._lines.do(f"store i1 {self._lines.value(f'or i1 {going}, {now}')}, ptr %going")
            self._if(self._some("%share.joined", lane), lambda: self._forks(lane))

        self._if(self._some("%share.live", lane), step)

    def _forks(self, lane: str) -> None:
        """Fork the lanes that are joined to their left neighbours and are given something else."""
        lines, width = self._lines, self._width
        differs = "zeroinitializer"
        for i, slot in enumerate(self._read):
            here, left = self._beside(f"%from{i}", lane, 8 * _bytes(slot))
            kind = f"<{width} x i{8 * _bytes(slot)}>"
            other = lines.value(f"icmp ne {kind} {here}, {left}")
            differs = lines.value(f"or <{width} x i1> {differs}, {other}")
        here, left = self._beside("%share.live", lane, 8)
        live = lines.value(f"or <{width} x i8> {here}, {left}")
        joined, _ = self._beside("%share.joined", lane, 8)
        for bytes_ in (live, joined):
            mask = lines.value(f"icmp ne <{width} x i8> {bytes_}, zeroinitializer")
            differs = lines.value(f"and <{width} x i1> {differs}, {mask}")
        bits = lines.value(f"bitcast <{width} x i1> {differs} to i{width}")
        some = lines.value(f"icmp ne i{width} {bits}, 0")
        wide = bits if width == 64 else lines.value(f"zext i{width} {bits} to i64")

        def fork() -> None:
            lines.do(
                f"call void @fork(i64 {lane}, i64 {wide}, i64 %end, i64 %tick, ptr %used, ptr %share, ptr %program)"
            )

        self._if(some, fork)

    def _beside(self, base: str, lane: str, bits: int) -> tuple[str, str]:
        """The values of a group, and those of the left neighbour of each lane."""
        kind = f"i{bits}"
        before = self._lines.value(f"sub i64 {lane}, 1")
        here, left = (
            self._lines.value(f"load <{self._width} x {kind}>, ptr {self._at(kind, base, i)}, align {bits // 8}")
            for i in (lane, before)
        )
        return here, left

    def _program(self, group: str) -> None:
        lane = self._lines.value(f"mul i64 {group}, {self._width}")
        after = self._lines.value(f"add i64 {lane}, {self._width}")
        links = [(i, _bytes(slot)) for i, slot in enumerate(self._read)]
        self._for(lane, after, lambda i: self._gather("%share.leader", i, links))
        # What is equal in all lanes of a group, as counters of clocks, has to be there for lanes that fork later.
        used = self._lines.value("load i64, ptr %used")
        room = self._lines.value(f"icmp ult i64 {used}, {after}")
        steps = self._lines.value(f"or i1 {room}, {self._some(f'%to{self._live}', lane)}")
        self._if(steps, lambda: self._step("program", group))

    def _hand_over(self, group: str) -> None:
        lane = self._lines.value(f"mul i64 {group}, {self._width}")
        after = self._lines.value(f"add i64 {lane}, {self._width}")
        links = [(i, _bytes(slot)) for i, slot in enumerate(self._given, len(self._read))]

        def lanes() -> None:
            self._for(lane, after, lambda i: self._gather("%share.lane_of", i, links))

        self._if(self._some("%share.live", lane), lanes)

    def _gather(self, index: str, lane: str, links: Sequence[tuple[int, int]]) -> None:
        """Take the values of a lane from where they are."""
        source = self._lines.value(f"load i64, ptr {self._at('i64', index, lane)}")
        for number, bytes_ in links:
            kind = f"i{8 * bytes_}"
            value = self._lines.value(f"load {kind}, ptr {self._at(kind, f'%from{number}', source)}")
            self._lines.do(f"store {kind} {value}, ptr {self._at(kind, f'%to{number}', lane)}")

    def _step(self, side: str, group: str) -> None:
        """A step of one machine on one group."""
        places: list[str] = []
        for region, bytes_ in (("states", "state_bytes"), ("outputs", "output_bytes")):
            offset = self._lines.value(f"mul i64 {group}, %{side}.{bytes_}")
            places.append(self._at("i8", f"%{side}.{region}", offset))
        self._lines.do(
            f"call {_STEP} %step.{side}(i64 %tick, i1 false, i64 {group}, ptr {places[0]}, ptr {places[1]}, "
            f"ptr %{side}.constants, ptr %scratch.{side}, ptr %{side}.table)"
        )


def _bytes(slot: Slot) -> int:
    return memory_type(element(slot.type)).itemsize


def _copy(width: int) -> list[str]:
    """The function that copies the slots of a lane in a region to another lane, of another group or the same."""
    return [
        "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
        "define internal void @copy(ptr %region, i64 %bytes, i64 %to, i64 %from, ptr %slots, i64 %count) {",
        "entry:",
        f"  %to.group = udiv i64 %to, {width}",
        f"  %from.group = udiv i64 %from, {width}",
        f"  %to.lane = urem i64 %to, {width}",
        f"  %from.lane = urem i64 %from, {width}",
        "  %to.at = mul i64 %to.group, %bytes",
        "  %from.at = mul i64 %from.group, %bytes",
        "  %target = getelementptr i8, ptr %region, i64 %to.at",
        "  %source = getelementptr i8, ptr %region, i64 %from.at",
        "  %opens = icmp eq i64 %to.lane, 0",
        "  br i1 %opens, label %whole, label %slots.begin",
        "whole:",
        # A new group: what is equal in all lanes comes with it.
        "  call void @llvm.memcpy.p0.p0.i64(ptr %target, ptr %source, i64 %bytes, i1 false)",
        "  br label %slots.begin",
        "slots.begin:",
        "  %any = icmp ugt i64 %count, 0",
        "  br i1 %any, label %slot, label %done",
        "slot:",
        "  %i = phi i64 [ 0, %slots.begin ], [ %i.next, %slot.end ]",
        "  %row = mul i64 %i, 3",
        "  %first.at = getelementptr i64, ptr %slots, i64 %row",
        "  %first = load i64, ptr %first.at",
        "  %elements.at = getelementptr i64, ptr %first.at, i64 1",
        "  %elements = load i64, ptr %elements.at",
        "  %size.at = getelementptr i64, ptr %first.at, i64 2",
        "  %size = load i64, ptr %size.at",
        "  br label %element",
        "element:",
        "  %e = phi i64 [ 0, %slot ], [ %e.next, %element ]",
        f"  %e.lanes = mul i64 %e, {width}",
        "  %e.to = add i64 %e.lanes, %to.lane",
        "  %e.from = add i64 %e.lanes, %from.lane",
        "  %to.bytes = mul i64 %e.to, %size",
        "  %from.bytes = mul i64 %e.from, %size",
        "  %to.offset = add i64 %first, %to.bytes",
        "  %from.offset = add i64 %first, %from.bytes",
        "  %to.element = getelementptr i8, ptr %target, i64 %to.offset",
        "  %from.element = getelementptr i8, ptr %source, i64 %from.offset",
        "  call void @llvm.memcpy.p0.p0.i64(ptr %to.element, ptr %from.element, i64 %size, i1 false)",
        "  %e.next = add i64 %e, 1",
        "  %e.more = icmp ult i64 %e.next, %elements",
        "  br i1 %e.more, label %element, label %slot.end",
        "slot.end:",
        "  %i.next = add i64 %i, 1",
        "  %i.more = icmp ult i64 %i.next, %count",
        "  br i1 %i.more, label %slot, label %done",
        "done:",
        "  ret void",
        "}",
    ]


def _fork(width: int) -> list[str]:
    """The function that forks some lanes, bits from ``%lane`` on, of a block that ends before ``%end``."""
    loads: list[str] = []
    for table, names in (("share", SHARING), ("program", SIDE)):
        for i, name in enumerate(names):
            kind = "i64" if name.endswith(("bytes", "count")) else "ptr"
            loads.append(f"  %{table}.{name}.at = getelementptr i64, ptr %{table}, i64 {i}")
            loads.append(f"  %{table}.{name} = load {kind}, ptr %{table}.{name}.at")
    return [
        "declare i64 @llvm.cttz.i64(i64, i1)",
        "define internal void @fork(i64 %lane, i64 %bits, i64 %end, i64 %tick, ptr %used, ptr %share, ptr %program) "
        "noinline {",
        "entry:",
        *loads,
        "  br label %next",
        "next:",
        "  %left = phi i64 [ %bits, %entry ], [ %fewer, %joined.end ]",
        "  %lowest = call i64 @llvm.cttz.i64(i64 %left, i1 true)",
        "  %less = sub i64 %left, 1",
        "  %fewer = and i64 %left, %less",
        "  %own = add i64 %lane, %lowest",
        "  %old.at = getelementptr i64, ptr %share.lane_of, i64 %own",
        "  %old = load i64, ptr %old.at",
        "  %new = load i64, ptr %used",
        "  %new.next = add i64 %new, 1",
        "  store i64 %new.next, ptr %used",
        "  %leader.at = getelementptr i64, ptr %share.leader, i64 %new",
        "  store i64 %own, ptr %leader.at",
        "  %forked.at = getelementptr i64, ptr %share.forked, i64 %own",
        "  store i64 %tick, ptr %forked.at",
        "  %own.joined = getelementptr i8, ptr %share.joined, i64 %own",
        "  store i8 0, ptr %own.joined",
        "  call void @copy(ptr %program.states, i64 %program.state_bytes, i64 %new, i64 %old, "
        "ptr %share.state_slots, i64 %share.state_count)",
        "  call void @copy(ptr %program.outputs, i64 %program.output_bytes, i64 %new, i64 %old, "
        "ptr %share.output_slots, i64 %share.output_count)",
        "  br label %follow",
        "follow:",
        "  %at = phi i64 [ %own, %next ], [ %at.next, %check ]",
        "  %lane_of.at = getelementptr i64, ptr %share.lane_of, i64 %at",
        "  store i64 %new, ptr %lane_of.at",
        "  %at.next = add i64 %at, 1",
        "  %at.more = icmp ult i64 %at.next, %end",
        "  br i1 %at.more, label %check, label %joined.end",
        "check:",
        "  %joined.at = getelementptr i8, ptr %share.joined, i64 %at.next",
        "  %joined = load i8, ptr %joined.at",
        "  %comes = icmp ne i8 %joined, 0",
        "  br i1 %comes, label %follow, label %joined.end",
        "joined.end:",
        "  %more = icmp ne i64 %fewer, 0",
        "  br i1 %more, label %next, label %done",
        "done:",
        "  ret void",
        "}",
    ]
