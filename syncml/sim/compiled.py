"""Simulation of one scenario by compiled code.

Rule: the trace equals the interpreter's bit for bit on the streams that are shown. Which streams are present at a tick
follows from their clocks and the values of their conditions, which are observed too; it is computed after a run, for
all ticks at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.clocks import Clock
from syncml.ir.constants import Const
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Node, Program, Var
from syncml.ir.step.lowering import Observe, Observed, lower, observed
from syncml.ir.step.schedules import SIMULATION_LOOPS, schedule_loops
from syncml.ir.step.syntax import Machine, Slot, StepProgram
from syncml.ir.types import BOOL, TensorType, element, shape, size
from syncml.sim.inputs import Raw, prepare
from syncml.sim.iterators import embedded, flattened
from syncml.sim.lanes.cost import cost
from syncml.sim.numba_cache import Runner, load_runner
from syncml.sim.numba_printer import Layout, layout_of, numba_type, print_module
from syncml.sim.numba_text import machine_name
from syncml.sim.presence import Presence, absent_input, counted, mathematical, with_conditions
from syncml.sim.teams import helped
from syncml.sim.trace import Column, Trace

Values = NDArray[Any]
LONG_RUN = 50_000_000
"""About so many operations (`cost`) take much longer than to begin threads."""
World = Callable[..., int]
"""Runs a program tick by tick: takes the most ticks and the arrays of the program, and returns how many it ran."""


def compile_program(program: Program, observe: Observed = Observe.NAMED) -> Simulation:
    """Compile the main node of a clocked program that passed all checks.

    Args:
        program: Clocked equations.
        observe: The streams that traces show beside the inputs and outputs; a stream inside of an instance has the
            name ``instance.stream``.
    """
    flat = flattened(lower_segments(program), observe)
    node = flat.node(flat.main)
    shown = (*node.inputs, *node.outputs, *observed(node, observe))
    recorded = with_conditions(node, shown)
    machine = embedded(lower(flat, frozenset(v.name for v in recorded)))
    code = schedule_loops(StepProgram((machine,), machine.name), SIMULATION_LOOPS)
    return Simulation(node, tuple(dict.fromkeys(shown)), code)


@dataclass(slots=True)
class _Recording:
    """The rows of one run."""

    inputs: dict[str, Values]
    outputs: dict[str, Values]


class Simulation:
    """One instance of a compiled node, with its state; `run` goes on where the last run ended."""

    def __init__(self, node: Node, shown: tuple[Var, ...], code: StepProgram) -> None:
        self.code = code
        self._node = node
        self._shown = shown
        self._machine: Machine = code.machines[-1]
        self._layout: Layout = layout_of(self._machine)
        self.source = print_module(self._machine, self._layout)
        self._runner: Runner = load_runner(self.source)
        self._outputs = {slot.name: slot for slot in self._machine.outputs}
        self._constants = self._filled("constants", self._machine.constants)
        self._scratch = self._filled("scratch", ())
        self._team = self._filled("team", ())
        self._cost = cost(self._machine.body)
        self._state: dict[str, Values] = {}
        self._ages: dict[Clock, int] = {}
        self.reset()

    def reset(self) -> None:
        """Back to the initial state."""
        self._state = self._filled("state", self._machine.state)
        self._ages = {}

    def state(self) -> Mapping[str, Any]:
        """The registers by name, and the counters of periodic words."""
        found: dict[str, Any] = {}
        for slot in self._machine.state:
            kind = machine_name(element(slot.type))
            start = self._layout.offset[slot]
            values = self._state[kind][start : start + size(slot.type)]
            found[slot.name] = _shaped(values[None], slot)[0]
        return found

    @property
    def node(self) -> Node:
        """The flat node that runs."""
        return self._node

    def saved(self) -> dict[str, Values]:
        """All that the next tick depends on, as arrays with names; for `restore`, of the same program."""
        ages = np.array([self._ages.get(clock, 0) for clock in counted(self._node)], dtype=np.int64)
        return {"ages": ages, **{f"state.{kind}": values.copy() for kind, values in self._state.items()}}

    def restore(self, saved: Mapping[str, Values]) -> None:
        """Go on from there.

        Raises:
            ValueError: it was saved of another program.
        """
        clocks = counted(self._node)
        wanted = {"ages": (len(clocks),), **{f"state.{kind}": v.shape for kind, v in self._state.items()}}
        if {name: values.shape for name, values in saved.items()} != wanted:
            raise ValueError("the state of another program")
        self._state = {kind: saved[f"state.{kind}"].astype(v.dtype) for kind, v in self._state.items()}
        self._ages = {clock: int(age) for clock, age in zip(clocks, saved["ages"], strict=True) if age}

    def digest(self) -> str:
        """A number for what runs: the code, its constants and its first state."""
        found = sha256(self.source.encode())
        for use, slots in (("constants", self._machine.constants), ("state", self._machine.state)):
            for kind, values in sorted(self._filled(use, slots).items()):
                found.update(f"{use}.{kind}".encode() + values.tobytes())
        return found.hexdigest()

    def run(self, inputs: Raw, ticks: int) -> Trace:
        """Run for ``ticks`` base ticks from the present state.

        Raises:
            DiagnosticError: S001 to S003, the inputs do not fit.
        """
        given, rows = self._prepared(inputs, ticks)
        before = {kind: values.copy() for kind, values in self._state.items()}
        self._call(rows, ticks)
        return self._traced(given, rows, ticks, before)

    def run_in(self, world: World, inputs: Raw, ticks: int) -> Trace:
        """Run in a world that gives some of the inputs, from the outputs of earlier ticks, and may end the run.

        Raises:
            DiagnosticError: S001 to S003, the inputs do not fit.
        """
        given, rows = self._prepared(inputs, ticks)
        before = {kind: values.copy() for kind, values in self._state.items()}
        with self._helped(ticks):
            ticks = world(ticks, *self._arguments(rows))
        rows = _Recording(
            {kind: values[:ticks] for kind, values in rows.inputs.items()},
            {kind: values[:ticks] for kind, values in rows.outputs.items()},
        )
        for var, slot in zip(self._node.inputs, self._machine.inputs, strict=True):
            start = self._layout.offset[slot]
            found = rows.inputs[machine_name(element(slot.type))][:, start : start + size(slot.type)]
            present = given[var].present[:ticks]
            given[var] = Column(var.name, var.type, _shaped(found, slot), present, unit=var.unit)
        return self._traced(given, rows, ticks, before)

    def place(self, name: str) -> tuple[str, str, int, int]:
        """Where an input or output lies: its use, its machine type, its place in a row, and the length of a row."""
        slots = {slot.name: slot for slot in self._machine.outputs}
        slots |= {v.name: slot for v, slot in zip(self._node.inputs, self._machine.inputs, strict=True)}
        use = "inputs" if name in {v.name for v in self._node.inputs} else "outputs"
        kind = machine_name(element(slots[name].type))
        return use, kind, self._layout.offset[slots[name]], self._layout.length[use, kind]

    def row_length(self, use: str, kind: str) -> int:
        """The elements of a row of inputs or outputs; 0 for an array that has no rows."""
        return self._layout.length[use, kind] if use in ("inputs", "outputs") else 0

    @property
    def arguments(self) -> tuple[tuple[str, str], ...]:
        """The arrays of the compiled function in order, as (use, machine type)."""
        return self._layout.arguments

    def _traced(self, given: Mapping[Var, Column], rows: _Recording, ticks: int, before: dict[str, Values]) -> Trace:
        """The trace of a run that has taken place."""

        def values(var: Var) -> Values:
            return self._values(rows, given, var)

        presence = Presence(self._node, self._ages, values, ticks)
        for var, column in given.items():
            missing = np.flatnonzero(presence.of(self._node.clocks[var]) & ~column.present)
            if missing.size:
                self._state = before
                raise absent_input(var.name, int(missing[0]))
        columns = tuple(self._column(rows, given, presence, var) for var in self._shown)
        self._ages = presence.ages()
        return Trace(columns, ticks, self._node.rate)

    def seconds(self, inputs: Raw, ticks: int) -> float:
        """The time that the compiled step function alone takes for ``ticks`` ticks; the state goes on."""
        _, rows = self._prepared(inputs, ticks)
        begin = perf_counter()
        self._call(rows, ticks)
        return perf_counter() - begin

    # Arrays.

    def _prepared(self, inputs: Raw, ticks: int) -> tuple[dict[Var, Column], _Recording]:
        """The checked inputs, and rows that hold them."""
        given = prepare(self._node, inputs, ticks)
        rows = _Recording(self._rows("inputs", ticks), self._rows("outputs", ticks))
        for var, slot in zip(self._node.inputs, self._machine.inputs, strict=True):
            self._fill(rows.inputs, slot, given[var].values)
        return given, rows

    def _filled(self, use: str, slots: tuple[Slot, ...]) -> dict[str, Values]:
        """The arrays of one use, with the initial values of ``slots``."""
        arrays = {
            kind: np.zeros(length, dtype=numba_type(kind))
            for (found, kind), length in self._layout.length.items()
            if found == use
        }
        for slot in slots:
            assert isinstance(slot.initial, Const)
            start = self._layout.offset[slot]
            values = np.asarray(slot.initial.machine()).reshape(-1)
            arrays[machine_name(element(slot.type))][start : start + size(slot.type)] = values
        return arrays

    def _rows(self, use: str, ticks: int) -> dict[str, Values]:
        return {
            kind: np.zeros((ticks, length), dtype=numba_type(kind))
            for (found, kind), length in self._layout.length.items()
            if found == use
        }

    def _fill(self, rows: dict[str, Values], slot: Slot, values: Values) -> None:
        start = self._layout.offset[slot]
        rows[machine_name(element(slot.type))][:, start : start + size(slot.type)] = values.reshape(
            len(values), size(slot.type)
        )

    def _call(self, rows: _Recording, ticks: int) -> None:
        with self._helped(ticks):
            self._runner(ticks, *self._arguments(rows))

    def _helped(self, ticks: int) -> AbstractContextManager[None]:
        """Threads for a run of so many ticks, unless it is over before they are there."""
        team = self._team.get("i64")
        return nullcontext() if team is None or ticks * self._cost < LONG_RUN else helped(team)

    def _arguments(self, rows: _Recording) -> list[Values]:
        """The arrays that the compiled function takes."""
        uses = {
            "inputs": rows.inputs,
            "outputs": rows.outputs,
            "state": self._state,
            "constants": self._constants,
            "scratch": self._scratch,
            "team": self._team,
        }
        return [uses[use][kind].reshape(-1) for use, kind in self._layout.arguments]

    def _values(self, rows: _Recording, given: Mapping[Var, Column], var: Var) -> Values:
        """The values of a recorded stream, one row for each tick."""
        if var in given:
            return given[var].values
        slot = self._outputs[var.name]
        start = self._layout.offset[slot]
        kind = machine_name(element(slot.type))
        return _shaped(rows.outputs[kind][:, start : start + size(slot.type)], slot)

    def _column(self, rows: _Recording, given: Mapping[Var, Column], presence: Presence, var: Var) -> Column:
        clock = self._node.clocks[var]
        values = mathematical(self._values(rows, given, var), var) if var not in given else given[var].values
        return Column(var.name, var.type, values, presence.of(clock), unit=var.unit)


def _shaped(values: Values, slot: Slot) -> Values:
    """Flat rows as values of the slot's type."""
    shaped = values.reshape(len(values), *shape(slot.type)) if isinstance(slot.type, TensorType) else values[:, 0]
    return shaped.astype(np.bool_) if element(slot.type) is BOOL else shaped.copy()
