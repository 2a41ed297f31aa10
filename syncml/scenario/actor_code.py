"""The actors of a storyboard as a machine of step code, which the lanes run beside a program.

Rule: the machine computes `engine.step`, specialised to the tables of one storyboard. What is the same in all of its
runs stands in the code: what happens after what, to whom, in which shape, the lanes and the road. The other numbers are
inputs. The machine takes what the program put out at the tick before and gives what it senses at this one.

An element of the engine's state that has one value at every tick is no state. Which these are is found by supposing it
of all that have a known value after the first tick, and taking it back of each that then changes, until none does.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.constants import Array, Const
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Convert,
    Expr,
    If,
    Literal,
    Machine,
    Place,
    Select,
    Slot,
    Stmt,
    Storage,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import map_blocks
from syncml.ir.types import BOOL, F64, I32, Scalar, Type, tensor
from syncml.scenario import engine
from syncml.scenario.arrays import LEAST_GAP, State, Table
from syncml.scenario.closed_loop import Meeting
from syncml.scenario.specialised import Specialiser
from syncml.scenario.variables import Cells, Key, Memory, as_kind, unknown
from syncml.sim.lanes.uniform import readers

WHOLE = frozenset({"status", "fired", "tested", "delayed", "lead"})
"""The arrays of the engine's state that hold whole numbers."""


@dataclass(frozen=True, slots=True)
class ActorCode:
    """The machine of the actors.

    Attributes:
        numbers: The input that holds the numbers that differ between runs.
        limit: The input that is the longest the run may be, in ticks.
        speed: The input that is the program's output for the ego's speed at the tick before.
        offset: The same for its offset.
        raw: The inputs that are false while something is sensed, before that is known; by name.
        given: What the program is given at this tick, by the name of its input.
        live: Whether this tick is one of the run.
        collided: Whether the ego's box has overlapped another one.
        ticks: The length of the run until now.
        collision: 1 more than the tick of the first collision, or 0.
        least_gap: The least distance to a lead.
    """

    machine: Machine
    numbers: Slot
    limit: Slot
    speed: Slot
    offset: Slot | None
    raw: Mapping[str, Slot]
    given: Mapping[str, Slot]
    live: Slot
    collided: Slot
    ticks: Slot
    collision: Slot
    least_gap: Slot


def number(slot: Slot, index: int) -> Expr:
    """A number that is an input."""
    return Place(slot, (Literal(Const(index, Scalar.I64)),))


def actor_code(
    table: Table,
    state: State,
    numbers: Slot,
    met: Meeting,
    types: Mapping[str, Type],
    outputs: Mapping[str, Type],
    period: float,
) -> ActorCode:
    """The machine of one storyboard.

    Args:
        table: Its arrays; an element is a number, or an expression for one that differs between runs.
        state: The state before the first tick, likewise.
        numbers: The slot that these expressions read.
        met: Where the program and the actors meet.
        types: The types of the program's inputs.
        outputs: The types of its outputs.
        period: The length of a tick in seconds.

    Raises:
        NotSpecialisedError: the storyboard asks for something that lanes do not compute.
    """
    builder = _Builder(table, state, numbers, met, types, outputs, period)
    supposed = builder.after_first_tick()
    while True:
        wrong = builder.changed(supposed)
        if not wrong:
            return builder.code(supposed)
        for key in wrong:
            del supposed[key]


class _Builder:
    def __init__(
        self,
        table: Table,
        state: State,
        numbers: Slot,
        met: Meeting,
        types: Mapping[str, Type],
        outputs: Mapping[str, Type],
        period: float,
    ) -> None:
        self._table, self._met, self._types, self._period = table, met, types, period
        self._numbers = numbers
        self._limit = Slot("limit", I32, Storage.INPUT)
        self._speed = Slot("speed", outputs[met.speed], Storage.INPUT)
        self._offset = Slot("offset", outputs[met.offset], Storage.INPUT) if met.offset else None
        self._raw = {name: Slot(name, BOOL, Storage.INPUT) for name in met.unless}
        self._given = {n: Slot(f"given.{n}", types[n], Storage.OUTPUT) for n in (*met.senses, *met.unless)}
        self._live, self._hit = (Slot(name, BOOL, Storage.OUTPUT) for name in ("live", "collided"))
        self._tick, self._ticks = _state("tick", I32, 0), _state("ticks", I32, 0)
        self._ended = _state("ended", BOOL, False)
        self._initial: dict[Key, Any] = {}
        self._delayed: Slot | None = None
        cells: list[Cells | Memory] = []
        for name, array in zip(State._fields, state, strict=True):
            kind = I32 if name in WHOLE else F64
            if name == "delayed" and array.size:
                kept = np.zeros(array.size, dtype=np.bool_)
                self._delayed = Slot(name, tensor(BOOL, array.shape), Storage.STATE, Const(Array.of(kept, BOOL), BOOL))
                cells.append(Memory(self._delayed))
                continue
            cells.append(Cells(name, array.shape, kind))
            for index in np.ndindex(array.shape):
                value = array[index]
                self._initial[name, *index] = value.item() if isinstance(value, np.generic) else value
        self._cells = State(*cells)  # pyright: ignore[reportArgumentType]
        self._slots = {
            key: _state(".".join(map(str, key)), I32 if key[0] in WHOLE else F64, 0) for key in self._initial
        }

    def after_first_tick(self) -> dict[Key, Any]:
        """What has a known value after the first tick."""
        to = Specialiser()
        self._begin(to)
        to.call(engine.happen, self._table, self._cells, 0, self._period)
        found = {key: to.lookup(key) for key in self._initial}
        return {key: value for key, value in found.items() if not unknown(value)}

    def changed(self, supposed: Mapping[Key, Any]) -> list[Key]:
        """What does not keep the value that is supposed of it."""
        to = self._followed(supposed)
        return [k for k, v in supposed.items() if unknown(to.lookup(k)) or repr(to.lookup(k)) != repr(v)]

    def _begin(self, to: Specialiser) -> None:
        for key, value in self._initial.items():
            to.bind(key, value)
        to.call(engine.begin, self._table, self._cells)

    def _followed(self, supposed: Mapping[Key, Any]) -> Specialiser:
        """The engine's step, from the state of the tick before."""
        to = Specialiser()
        for key, slot in self._slots.items():
            to.bind(key, supposed[key] if key in supposed else Place(slot))
        tick = to.local(Place(self._tick))
        speed = as_kind(Place(self._speed), F64)
        offset = 0.0 if self._offset is None else as_kind(Place(self._offset), F64)

        def go_on() -> None:
            to.call(engine.go_on, self._table, self._cells, self._period, speed, offset)

        to.branch(to.compare(ast.Eq(), tick, 0), lambda: self._begin(to), go_on)
        to.call(engine.happen, self._table, self._cells, tick, self._period)
        return to

    def code(self, supposed: Mapping[Key, Any]) -> ActorCode:
        """The machine, where that is supposed of the state."""
        to = self._followed(supposed)
        tick = Place(self._tick)
        within = Binary(BinaryOp.LT, tick, Place(self._limit))
        live = to.local(Binary(BinaryOp.AND, within, Unary(UnaryOp.NOT, Place(self._ended))))
        stops = _truth(to.get(self._cells.fired, 0))  # pyright: ignore[reportArgumentType]
        body: list[Stmt] = [
            *to.body,
            Assign(Place(self._live), live),
            Assign(Place(self._ended), Binary(BinaryOp.OR, Place(self._ended), stops)),
            Assign(tick, Binary(BinaryOp.ADD, tick, Literal(Const(1, I32)))),
            Assign(Place(self._ticks), Binary(BinaryOp.ADD, Place(self._ticks), Convert(live, I32))),
            Assign(Place(self._hit), _truth(to.lookup(("lead", 2)))),
        ]
        for name, sensed in self._met.senses.items():
            value = to.lookup(("senses", sensed))
            kind = self._types[name]
            assert isinstance(kind, Scalar)
            body.append(Assign(Place(self._given[name]), _truth(value) if kind is BOOL else _rounded(value, kind)))
        for name, sensed in self._met.unless.items():
            clear = Unary(UnaryOp.NOT, _truth(to.lookup(("senses", sensed))))
            body.append(Assign(Place(self._given[name]), Binary(BinaryOp.AND, Place(self._raw[name]), clear)))
        # What is told of a run stays as it is when the run is over.
        told = {("lead", 2), ("senses", LEAST_GAP)}
        for key, slot in self._slots.items():
            value = as_kind(to.lookup(key), slot.type)  # pyright: ignore[reportArgumentType]
            if key in told:
                body.append(Assign(Place(slot), Select(live, value, Place(slot))))
            elif key not in supposed:
                body.append(Assign(Place(slot), value))
        collision, gap = self._slots["lead", 2], self._slots["senses", LEAST_GAP]
        inputs = [
            self._numbers,
            self._limit,
            self._speed,
            *([self._offset] if self._offset else []),
            *self._raw.values(),
        ]
        outputs = (self._live, self._hit, *self._given.values())
        kept = [self._delayed] if self._delayed else []
        state = (self._tick, self._ticks, self._ended, *self._slots.values(), *kept)
        whole = Machine(
            "actors", "actors", tuple(inputs), outputs, state, (), tuple(to.locals), (), tuple(body), Span.point("")
        )
        return ActorCode(
            _needed(whole, (*outputs, self._tick, self._ticks, collision, gap)), self._numbers, self._limit,
            self._speed, self._offset, self._raw, self._given, self._live, self._hit, self._ticks, collision, gap,
        )  # fmt: skip


def _state(name: str, kind: Scalar, value: float) -> Slot:
    start = float("inf") if name == f"senses.{LEAST_GAP}" else value
    return Slot(name, kind, Storage.STATE, Const(float(start) if kind is F64 else start, kind))


def _truth(value: Any) -> Expr:
    if not unknown(value):
        return Literal(Const(value != 0, BOOL))
    return Binary(BinaryOp.NE, value, as_kind(0, value.type))


def _rounded(value: Any, kind: Scalar) -> Expr:
    return as_kind(as_kind(value, F64), kind)


def _needed(machine: Machine, roots: Sequence[Slot]) -> Machine:
    """The machine without what does not bear on some slots."""
    before: dict[object, list[object]] = {}
    for node, targets in readers(machine).items():
        for target in targets:
            before.setdefault(target, []).append(node)
    found: set[object] = set()
    stack: list[object] = list(roots)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += before.get(node, ())

    def slimmer(block: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(
            stmt
            for stmt in block
            if (
                stmt.target.slot in found
                if isinstance(stmt, Assign)
                else isinstance(stmt, If) and (stmt.then or stmt.otherwise)
            )
        )

    body = map_blocks(slimmer, machine.body)
    return Machine(
        machine.name, machine.label, machine.inputs, machine.outputs, tuple(s for s in machine.state if s in found), (),
        tuple(s for s in machine.locals if s in found), (), body, machine.span,
    )  # fmt: skip
