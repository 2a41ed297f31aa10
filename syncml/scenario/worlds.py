"""Which machine runs which storyboard: storyboards that differ in numbers alone share one.

Rule: two storyboards share a machine if the same happens in them, to the same actors, in the same shapes and after the
same delays in ticks, on roads with the same lanes; what else is the same in all of them is part of its code. Where
there is no such machine, because the code would depend on what differs, each has its own. Machines are kept on disk
under a digest of all that they are made from.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.files import cache_folder
from syncml.ir.equations.syntax import Node
from syncml.ir.step import syntax
from syncml.ir.step.syntax import Slot, Storage
from syncml.ir.types import F64, tensor
from syncml.scenario import engine
from syncml.scenario.actor_code import ActorCode, actor_code, number
from syncml.scenario.arrays import State, Table
from syncml.scenario.closed_loop import Meeting
from syncml.scenario.tables import Compiled
from syncml.scenario.templates import Batch, Template
from syncml.scenario.values import base_rate
from syncml.scenario.variables import NotSpecialisedError
from syncml.sim.lanes import layout
from syncml.sim.lanes.layout import layout_of
from syncml.sim.lanes.machine_code import read_kept, write_kept
from syncml.sim.lanes.turns import Turn, turn

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_WHOLE = ("acts", "events", "actions", "conditions", "groups", "members", "places", "parents")
"""Tables that say what happens; runs that share a machine have the same."""
_LANES = ("widths", "shifts")
"""Tables of numbers that are part of the code, because what depends on them is much shorter for known ones."""
_NUMBERS = ("line", "sizes", "ego")


@dataclass(frozen=True, slots=True)
class World:
    """The machine of some storyboards, and which of their numbers it takes.

    Attributes:
        pattern: Their numbers; NaN for those that differ.
        code: The machine.
        turn: Its code.
        taken: Where the numbers that differ stand.
    """

    pattern: Floats
    code: ActorCode
    turn: Turn
    taken: Ints

    def serves(self, numbers: Floats) -> bool:
        """Whether a storyboard with these numbers (one row, NaN where runs differ) has this machine."""
        return bool(np.all(np.isnan(self.pattern) | (self.pattern == numbers)))


class Worlds:
    """The machines of a scenario, as runs ask for them.

    Args:
        template: The scenario.
        node: The program.
        met: Where the program and the actors meet.
        width: The lanes of a group.
        equal: The inputs of the program that have the same values in all runs.
    """

    def __init__(self, template: Template, node: Node, met: Meeting, width: int, equal: frozenset[str]) -> None:
        self._template, self._node, self._met, self._width = template, node, met, width
        self._equal = equal.intersection(met.unless)
        self._rate = float(base_rate(node))
        self._varied = frozenset(name for factor in template.runs.factors for name in factor.names)
        self._worlds: dict[tuple[bytes, ...], list[World]] = {}

    def of(self, runs: Ints) -> list[tuple[World, Ints, Floats]]:
        """For each machine its runs, and the numbers of each.

        Raises:
            NotSpecialisedError: a storyboard asks for what lanes do not compute.
        """
        by_key: dict[tuple[bytes, ...], list[tuple[Batch, Ints, Floats]]] = {}
        for batch in self._template.batches(runs):
            delays = np.rint(batch.numbers[:, batch.board.delays] * self._rate)
            for row in np.unique(delays, axis=0):
                same = np.flatnonzero((delays == row).all(axis=1))
                key = (row.tobytes(), *_structure(batch.board))
                by_key.setdefault(key, []).append((batch, batch.runs[same], self._numbers(batch, same)))
        found: list[tuple[World, Ints, Floats]] = []
        for key, parts in by_key.items():
            patterns = [self._pattern(batch, numbers) for batch, _, numbers in parts]
            worlds = self._worlds.setdefault(key, [])
            left = [i for i, p in enumerate(patterns) if not any(w.serves(p) for w in worlds)]
            if left:
                worlds += self._new_worlds([parts[i][0] for i in left], [patterns[i] for i in left])
            for world in worlds:
                served = [p for p, pattern in zip(parts, patterns, strict=True) if world.serves(pattern)]
                parts = [p for p in parts if not any(p is s for s in served)]
                patterns = [self._pattern(batch, numbers) for batch, _, numbers in parts]
                if served:
                    chosen = np.concatenate([runs_ for _, runs_, _ in served])
                    found.append((world, chosen, np.concatenate([n[:, world.taken] for _, _, n in served])))
        return found

    def _numbers(self, batch: Batch, chosen: Ints) -> Floats:
        """A row for each run: the numbers of its tables, its storyboard and its variables."""
        board, runs = batch.board, batch.runs[chosen]
        tables = np.concatenate([getattr(board.table, name).reshape(-1) for name in _NUMBERS])
        parameters = self._template.runs.numeric_columns(runs)
        variables = [np.broadcast_to(v.value(parameters), len(runs)) for v in board.variables]
        return np.column_stack([np.tile(tables, (len(runs), 1)), batch.numbers[chosen], *variables])

    def _pattern(self, batch: Batch, numbers: Floats) -> Floats:
        """The numbers of a storyboard; NaN where its runs may differ."""
        expressions = (*batch.board.expressions, *batch.board.variables)
        found = numbers[0].copy()
        first = len(found) - len(expressions)
        for i, expression in enumerate(expressions):
            if expression.names & self._varied:
                found[first + i] = np.nan
        return found

    def _new_worlds(self, batches: list[Batch], patterns: list[Floats]) -> list[World]:
        """One machine for all of some storyboards, or, where there is none, one for each."""
        together = patterns[0].copy()
        for pattern in patterns[1:]:
            together[~(together == pattern)] = np.nan
        try:
            return [self._world(batches[0], together)]
        except NotSpecialisedError:
            if len(patterns) == 1:
                raise
        found: list[World] = []
        for batch, pattern in zip(batches, patterns, strict=True):
            if not any(world.serves(pattern) for world in found):
                found.append(self._world(batch, pattern))
        return found

    def _world(self, batch: Batch, pattern: Floats) -> World:
        """The machine of storyboards with a pattern, from the disk where it is there."""
        asked = (
            _structure(batch.board),
            np.rint(batch.numbers[0, batch.board.delays] * self._rate).tobytes(),
            pattern.tobytes(),
            repr(self._met),
            self._rate,
        )
        made = (asked, self._width, sorted(self._equal), self._types(), _sources())
        key = sha256(repr(made).encode()).hexdigest()[:32]
        path = cache_folder() / "actors" / key
        kept = read_kept(path)
        if kept is not None:
            code, code_turn = pickle.loads(kept)
        else:
            code, code_turn = self._made(batch, pattern)
            write_kept(path, pickle.dumps((code, code_turn)))
        return World(pattern, code, code_turn, np.flatnonzero(np.isnan(pattern)))

    def _types(self) -> str:
        return repr([(v.name, str(v.type)) for v in (*self._node.inputs, *self._node.outputs)])

    def _made(self, batch: Batch, pattern: Floats) -> tuple[ActorCode, Turn]:
        board = batch.board
        taken = np.flatnonzero(np.isnan(pattern))
        slot = Slot("numbers", tensor(F64, (max(1, len(taken)),)), Storage.INPUT)
        values = np.empty(len(pattern), dtype=object)
        values[:] = pattern.tolist()
        for i, at in enumerate(taken):
            values[at] = number(slot, i)
        table, state = _ready(board, batch.numbers[0], values, self._rate)
        types = {v.name: v.type for v in self._node.inputs}
        outputs = {v.name: v.type for v in self._node.outputs}
        code = actor_code(table, state, slot, self._met, types, outputs, 1.0 / self._rate)
        lanes = layout_of(code.machine, self._width, {slot for name, slot in code.raw.items() if name in self._equal})
        shown = (code.live, code.collided, *code.given.values())
        made = turn(code.machine, lanes, shown)
        # What the machine does stands in the text; the rest of it says where values lie.
        shell = replace(code.machine, body=(), locals=())
        return replace(code, machine=shell), replace(made, machine=shell)


@cache
def _sources() -> str:
    """A digest of the texts that machines are made from, and of the classes of what is kept."""
    folders = (Path(engine.__file__).parent, Path(layout.__file__).parent, Path(syntax.__file__).parent)
    return sha256(b"".join(p.read_bytes() for f in folders for p in sorted(f.glob("*.py")))).hexdigest()


def _structure(board: Compiled) -> tuple[bytes, ...]:
    """What storyboards have in common that share a machine."""
    table = board.table
    shapes = repr([getattr(table, name).shape for name in (*_NUMBERS, *_LANES)]).encode()
    same = repr((board.triggers, len(board.expressions), len(board.variables))).encode()
    return (shapes, same, *(getattr(table, name).tobytes() for name in (*_WHOLE, *_LANES)))


def _ready(board: Compiled, numbers: Floats, values: NDArray[Any], rate: float) -> tuple[Table, State]:
    """The tables and the first state, with ``values`` for all numbers in them."""
    zero = {name: np.zeros(1) for v in board.variables for name in v.names}
    table, state = board.ready(numbers, zero, 1.0 / rate)
    arrays: dict[str, Any] = {}
    start = 0
    for name in _NUMBERS:
        given = getattr(table, name)
        arrays[name] = values[start : start + given.size].reshape(given.shape)
        start += given.size
    # The ticks that a lead is new are counted in ticks, not in seconds.
    arrays["ego"] = table.ego
    arrays["numbers"] = values[start : start + len(board.expressions)]
    table = table._replace(**arrays)
    return table, state._replace(variables=values[start + len(board.expressions) :])
