"""A recorded run for the harness of an export: what goes in, and what the interpreter says must come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from syncml.export_c import Vectors
from syncml.ir.clocks import Periodic, steps
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Wave
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, EnumType, element, integer_range, shape
from syncml.sim.inputs import Raw, prepare
from syncml.sim.interpreter import interpret

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from syncml.ir.equations.syntax import Node
    from syncml.ir.types import Type
    from syncml.pipeline import Checked
    from syncml.sim.trace import Trace

# Random floats are drawn from this range, which is wide for a control program in SI units.
LARGEST_FLOAT = 100.0


def record(checked: Checked, raw: Raw, ticks: int) -> Vectors:
    """The vectors of `recorded`."""
    return recorded(checked, raw, ticks)[0]


def recorded(checked: Checked, raw: Raw, ticks: int) -> tuple[Vectors, Trace]:
    """Run the interpreter; keep the outputs of every tick, the registers after the last one, and the whole trace.

    Raises:
        DiagnosticError: S001 to S003 where the inputs do not fit.
    """
    inputs = {var.name: column.values for var, column in prepare(checked.main, raw, ticks).items()}
    run = interpret(checked.program, raw, ticks)
    outputs = {var.name: run.trace.column(var.name) for var in checked.main.outputs}
    state: dict[str, NDArray[Any]] = {}
    for name, value in run.state.items():
        last = np.asarray(value)
        state[name] = np.zeros((ticks, *last.shape), dtype=last.dtype)
        state[name][-1] = last
    after_last = np.zeros(ticks, dtype=np.bool_)
    after_last[-1] = bool(state)
    vectors = Vectors(
        steps=ticks,
        inputs=inputs,
        outputs={name: column.values for name, column in outputs.items()},
        present={name: column.present for name, column in outputs.items()},
        state=state,
        state_ticks=after_last,
    )
    return vectors, run.trace


def ticks_of_a_round(node: Node) -> int:
    """So many ticks until every rate and every segment of a flat node has come to its end once, and one more."""
    words = [e.rhs.word for e in node.equations if isinstance(e.rhs, Wave)]
    words += [s.word for clock in set(node.clocks.values()) for s in steps(clock) if isinstance(s, Periodic)]
    return 1 + max((len(w.prefix) + len(w.period) for w in words), default=1)


def random_inputs(node: Node, ticks: int, seed: int) -> Raw:
    """Draw values for every input of a node from the whole range of its type (floats from a moderate one)."""
    generator = np.random.default_rng(seed)
    return {var.name: _draw(var.type, ticks, generator) for var in node.inputs}


def _draw(type_: Type, ticks: int, generator: np.random.Generator) -> NDArray[Any]:
    kind, extent = element(type_), (ticks, *shape(type_))
    if kind is BOOL:
        return generator.integers(0, 2, extent).astype(np.bool_)
    if isinstance(kind, EnumType):
        return generator.integers(0, len(kind.constructors), extent).astype(dtype(kind))
    if kind in FLOATS:
        return generator.uniform(-LARGEST_FLOAT, LARGEST_FLOAT, extent).astype(dtype(kind))
    if kind in MACHINE_INTEGERS:
        low, high = integer_range(kind)
        return generator.integers(low, high, extent, dtype=dtype(kind), endpoint=True)
    raise ValueError(f"an input of a program that is exported has a machine type, not {kind}")
