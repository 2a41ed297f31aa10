"""A program among the actors of a scenario: each senses the other, tick by tick.

Rule: at tick k the actors are where the program's outputs at the ticks before have let them come; what the ego senses
there are inputs of the program at tick k; its outputs move the ego to tick k + 1. The compiled loop and the interpreted
one run the same functions on the same arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.equations.syntax import Node
from syncml.ir.types import FLOATS
from syncml.scenario import arrays, engine, measures, motion, roads
from syncml.scenario.arrays import LEAST_GAP, State, Table
from syncml.scenario.connection import Ego, place
from syncml.scenario.expressions import Values
from syncml.scenario.signals import Chance, Sense
from syncml.scenario.tables import Compiled
from syncml.sim.compiled import Simulation
from syncml.sim.inputs import prepare as prepare_inputs
from syncml.sim.interpreter import Interpreter
from syncml.sim.numba_cache import load_runner
from syncml.sim.numba_printer import numba_type
from syncml.sim.trace import Column, Trace


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where a program and the actors meet.

    Attributes:
        senses: For each input that senses something the place of what it senses.
        unless: For each input that is false while something is sensed the place of that.
        speed: The output that drives the ego.
        offset: The output that is its offset in its lane, if there is one.
    """

    senses: Mapping[str, int]
    unless: Mapping[str, int]
    speed: str
    offset: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """The actors of one run, and where the program meets them."""

    board: Compiled
    numbers: NDArray[np.float64]
    parameters: Values
    met: Meeting
    period: float

    def arrays(self) -> tuple[Table, State]:
        """What the engine works on, before the first tick."""
        return self.board.ready(self.numbers, self.parameters, self.period)


@dataclass(frozen=True, slots=True)
class Ran:
    """A run: the trace; the state of the actors at its end, and the scene of the run, if there are any."""

    trace: Trace
    end: State | None
    scene: Scene | None = None

    @property
    def collision(self) -> int | None:
        """The tick at which the ego's box first overlapped another one, or None."""
        return None if self.end is None or not self.end.lead[2] else int(self.end.lead[2]) - 1

    @property
    def least_gap(self) -> float:
        """The least free distance to a lead, in metres; infinite if there was none."""
        return float("inf") if self.end is None else float(self.end.senses[LEAST_GAP])


def meeting(node: Node, ego: Ego, inputs: Mapping[str, Any]) -> Meeting:
    """Where a node and the actors meet.

    Raises:
        DiagnosticError: S011, an output that there is not or that is no number.
    """
    outputs = {v.name: v for v in node.outputs}
    for name in (ego.speed, ego.offset):
        if name is not None and (name not in outputs or outputs[name].type not in FLOATS):
            message = f"the ego is driven by the output {name!r}, and there is no such number"
            listed = ", ".join(v.name for v in node.outputs if v.type in FLOATS) or "none"
            raise DiagnosticError(error("S011", message, node.span, help=f"there are: {listed}"))
    senses = {name: int(place(s.sense)) for name, s in inputs.items() if isinstance(s, Sense)}
    unless = {n: int(place(s.unless)) for n, s in inputs.items() if isinstance(s, Chance) and s.unless is not None}
    return Meeting(senses, unless, ego.speed, ego.offset)


def run_compiled(simulation: Simulation, scene: Scene, inputs: Mapping[str, Any], ticks: int) -> Ran:
    """Run a compiled program among actors, from the initial state of both."""
    w, x = scene.arrays()
    actors = load_runner(_engine_source())
    loop = load_runner(_source(simulation, scene.met))
    simulation.reset()

    def world(count: int, *program: Any) -> int:
        return loop(count, scene.period, actors, *program, *w, *x)

    trace = simulation.run_in(world, inputs, ticks)
    return Ran(trace, x, scene)


def prepare() -> None:
    """Make the machine code of the engine, or find it in the cache; the first time takes a quarter of a minute."""
    load_runner(_engine_source())


Until: TypeAlias = Callable[[Trace, State], bool]
"""Whether a run has shown enough, from the trace of the last tick and the actors after it."""


def run_interpreted(node: Node, scene: Scene, inputs: Mapping[str, Any], ticks: int, until: Until | None = None) -> Ran:
    """The same by the interpreter, or only the beginning; ``node`` has its calls inlined."""
    prepare_inputs(node, inputs, ticks)
    w, x = scene.arrays()
    met = scene.met
    types = {v.name: v.type for v in node.inputs}
    program = Interpreter(node)
    traces: list[Trace] = []
    speed = offset = 0.0
    for tick in range(ticks):
        engine.step(w, x, tick, scene.period, speed, offset)
        row = {name: [values[tick]] for name, values in inputs.items()}
        for name, sensed in met.senses.items():
            value = x.senses[sensed]
            row[name] = [float(value) if types[name] in FLOATS else bool(value != 0.0)]
        for name, sensed in met.unless.items():
            row[name] = [bool(row[name][0]) and x.senses[sensed] == 0.0]
        trace = program.run(row, 1).trace
        traces.append(trace)
        speed = float(trace.column(met.speed).values[0])
        offset = float(trace.column(met.offset).values[0]) if met.offset else 0.0
        if engine.stopped(w, x) or (until is not None and until(trace, x)):
            break
    whole = Trace(
        tuple(
            Column(
                column.name,
                column.type,
                np.concatenate([t.columns[i].values for t in traces]),
                np.concatenate([t.columns[i].present for t in traces]),
                unit=column.unit,
            )
            for i, column in enumerate(traces[0].columns)
        ),
        len(traces),
        node.rate,
    )
    return Ran(whole, x, scene)


def _source(simulation: Simulation, met: Meeting) -> str:
    """The module of the program with a loop around it, which calls the engine of the actors at each tick.

    The engine is handed in as a function: its machine code is made once and serves every program.
    """
    program = [f"{use}_{kind}" for use, kind in simulation.arguments]
    flat = [f"types.Array(types.{numba_type(kind)}, 1, 'C')" for _, kind in simulation.arguments]
    lengths = {f"{use}_{kind}": simulation.row_length(use, kind) for use, kind in simulation.arguments}
    world = [f"w{i}" for i in range(len(_TYPES))]

    def at(name: str, tick: str) -> str:
        use, kind, offset, length = simulation.place(name)
        return f"{use}_{kind}[({tick}) * {length} + {offset}]"

    senses = world[len(Table._fields) + State._fields.index("senses")]
    sensed = [
        f"{at(name, 'tick')} = {senses}[{number}]" + (" != 0.0" if simulation.place(name)[1] == "bool" else "")
        for name, number in met.senses.items()
    ]
    sensed += [f"{at(name, 'tick')} &= {senses}[{number}] == 0.0" for name, number in met.unless.items()]
    passed = [
        f"{name}[tick * {lengths[name]} : (tick + 1) * {lengths[name]}]" if lengths[name] else name for name in program
    ]
    body = [
        "speed, offset = 0.0, 0.0",
        "for tick in range(ticks):",
        f"    ends = engine(tick, period, speed, offset, {', '.join(world)})",
        *(f"    {line}" for line in sensed),
        f"    program({', '.join(['1', *passed])})",
        f"    speed = float({at(met.speed, 'tick')})",
        *([f"    offset = float({at(met.offset, 'tick')})"] if met.offset else []),
        "    if ends:",
        "        return tick + 1",
        "return ticks",
    ]
    signature = ", ".join(["types.int64", "types.float64", f"types.FunctionType({_ENGINE_TYPE})", *flat, *_TYPES])
    return "\n".join([
        simulation.source,
        "from numba import types",
        "program = run",
        "",
        f'@njit(types.int64({signature}), cache=True, nogil=True, error_model="numpy")',
        f"def run({', '.join(['ticks', 'period', 'engine', *program, *world])}):",
        *(f"    {line}" for line in body),
        "",
    ])  # fmt: skip


def _engine_source() -> str:
    """The module of the engine; its text has a digest of the functions that its machine code contains."""
    digest = sha256("".join(inspect.getsource(m) for m in (arrays, engine, measures, motion, roads)).encode())
    world = [f"w{i}" for i in range(len(_TYPES))]
    split = len(Table._fields)
    return "\n".join([
        f"# The engine of the actors: {digest.hexdigest()}",
        "from numba import njit, types",
        "from syncml.scenario.compiled_functions import State, Table, step, stopped",
        "",
        f'@njit({_ENGINE_TYPE}, cache=True, nogil=True, error_model="numpy", _nrt=False)',
        f"def run(tick, period, speed, offset, {', '.join(world)}):",
        f"    w = Table({', '.join(world[:split])})",
        f"    x = State({', '.join(world[split:])})",
        "    step(w, x, tick, period, speed, offset)",
        "    return stopped(w, x)",
        "",
    ])  # fmt: skip


_PLANE_FLOATS = ("line", "widths", "shifts", "sizes", "motion", "progress")
_FLAT_FLOATS = ("numbers", "ego", "variables", "senses")
_FLAT_INTS = ("groups", "members", "fired", "tested", "delayed", "lead")


def _array_type(name: str) -> str:
    floats = name in _PLANE_FLOATS or name in _FLAT_FLOATS
    flat = name in _FLAT_FLOATS or name in _FLAT_INTS
    return f"types.Array(types.{'float64' if floats else 'int64'}, {1 if flat else 2}, 'C')"


_TYPES = [_array_type(name) for name in (*Table._fields, *State._fields)]
"""The type of each array in compiled code."""
_ENGINE_TYPE = f"types.boolean(types.int64, types.float64, types.float64, types.float64, {', '.join(_TYPES)})"
