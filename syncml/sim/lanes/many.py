"""Many runs of one program: inputs as arrays, results as arrays.

Rule: each run has the trace that the interpreter gives it, whatever runs beside it. Runs are computed in chunks, so
memory does not grow with their number: inputs of a chunk may be made when it is due, and what is kept of a run is its
last values and the streams that are traced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, error
from syncml.ir.constants import dtype
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Node, Program, Var
from syncml.ir.step.lowering import Observe, Observed, lower, observed
from syncml.ir.step.lowering.arithmetic import machine_element
from syncml.ir.step.syntax import Slot
from syncml.ir.types import BOOL, EnumType, Scalar, element, integer_range, shape, size
from syncml.sim.iterators import embedded, flattened
from syncml.sim.lanes.batch import Batch, Code
from syncml.sim.lanes.blocked import blocked
from syncml.sim.lanes.figures import Figure, failures, with_figures
from syncml.sim.lanes.layout import ALIGNMENT, layout_of, memory_type
from syncml.sim.lanes.machine_code import load
from syncml.sim.lanes.printer import print_module

Values = NDArray[Any]
Given: TypeAlias = Mapping[str, ArrayLike]
"""For each input a value for all runs, one for each run, or ``[runs or 1, ticks or 1, ...]``."""

CHUNK = 65536
"""The most runs that are in memory together, unless it is said how many."""

CHUNK_BYTES = 1 << 27
"""About the most bytes of their inputs and traces, which may make them fewer."""


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What became of some runs.

    Attributes:
        first: The number of the first of them.
        runs: How many they are.
        ticks: How long each was.
        last: For each output its last value, ``[runs, ...]``: at the last tick at which it was present, else zero.
        traces: For each traced stream its values, ``[runs, ticks, ...]``; where it is absent, the value before.
        figures: For each figure its values, ``[runs]``.
        failures: For each clause of the contracts at how many instants it fails, ``[runs]``, if they are counted.
    """

    first: int
    runs: int
    ticks: int
    last: Mapping[str, Values]
    traces: Mapping[str, Values]
    figures: Mapping[str, Values]
    failures: Mapping[str, Values]


def compile_many(
    program: Program,
    observe: Observed = Observe.OUTPUTS,
    traced: frozenset[str] | None = frozenset(),
    figures: Sequence[Figure] = (),
    *,
    contracts: bool = False,
    width: int | None = None,
) -> ManyRuns:
    """Compile the main node of a clocked program that passed all checks, for many runs at once.

    Args:
        program: Clocked equations.
        observe: The streams whose last values are kept, beside the outputs.
        traced: The outputs and observed streams whose values are kept at each tick; all of them if None.
        figures: What is computed of each run while it runs.
        contracts: Whether to count for each clause of the contracts at how many instants it fails.
        width: The lanes of a group, a power of two; what suits the numbers of the program unless it is given.

    Raises:
        DiagnosticError: S001, a figure is of no stream.
    """
    flat = flattened(lower_segments(program), observe, [f.stream for f in figures])
    node = flat.node(flat.main)
    clauses = failures(node) if contracts else ()
    extended, variables = with_figures(node, (*figures, *clauses))
    shown = {v.name for v in (*node.outputs, *observed(node, observe))}
    others = tuple(n for n in flat.nodes if n is not node)
    code = lower(Program((*others, extended), flat.main), frozenset(shown | {v.name for v in variables}))
    machine = blocked(embedded(code))
    layout = layout_of(machine, width)
    slots = tuple(s for s in machine.outputs if s.name in shown and (traced is None or s.name in traced))
    compiled = Code(machine, layout, slots, load(print_module(machine, layout, slots)))
    names = [v.name for v in variables]
    kept = dict(zip((f.name for f in figures), names, strict=False))
    counted = dict(zip((f.name for f in clauses), names[len(figures) :], strict=True))
    return ManyRuns(node, compiled, frozenset(shown), kept, counted)


class ManyRuns:
    """A compiled node that runs many times."""

    def __init__(
        self, node: Node, code: Code, shown: frozenset[str], figures: Mapping[str, str], clauses: Mapping[str, str]
    ) -> None:
        self.code = code
        self._node = node
        self._shown = shown
        self._figures = figures
        self._clauses = clauses

    def run(
        self,
        inputs: Given,
        runs: int,
        ticks: int,
        *,
        lanes: int = 64,
        threads: int | None = None,
        chunk: int | None = None,
    ) -> Results:
        """All runs; see `chunks`."""
        found = rooms(self.code.machine.outputs, runs)
        traces: list[Mapping[str, Values]] = []
        for first, batch, traced in self._batches(inputs, runs, ticks, lanes, threads, chunk):
            for slot in self.code.machine.outputs:
                batch.write(slot, found[slot.name][first : first + batch.runs])
            traces.append(traced)
        return self._results(0, runs, ticks, found, traces[0] if len(traces) == 1 else _joined(traces))

    def chunks(
        self,
        inputs: Given | Callable[[int, int], Given],
        runs: int,
        ticks: int,
        *,
        lanes: int = 64,
        threads: int | None = None,
        chunk: int | None = None,
    ) -> Iterator[Results]:
        """The results of runs, a chunk at a time.

        Args:
            inputs: The values of the inputs, or what gives them for a number of runs from a first one on.
            runs: How many runs.
            ticks: Base ticks of each.
            lanes: Runs that go through the ticks together.
            threads: The most threads; all processors if None.
            chunk: Runs that are in memory together; as many as are not too large if None.

        Raises:
            DiagnosticError: S001 to S003, the inputs do not fit.
        """
        for first, batch, traces in self._batches(inputs, runs, ticks, lanes, threads, chunk):
            values = {s.name: batch.value(s) for s in self.code.machine.outputs}
            yield self._results(first, batch.runs, ticks, values, traces)

    def _batches(
        self,
        inputs: Given | Callable[[int, int], Given],
        runs: int,
        ticks: int,
        lanes: int,
        threads: int | None,
        chunk: int | None,
    ) -> Iterator[tuple[int, Batch, Mapping[str, Values]]]:
        """The first run of each chunk, what holds its outputs until the next one, and its traces."""
        whole = None if callable(inputs) else prepared(self._node, inputs, runs, ticks)
        chunk = chunk or self._chunk(ticks)
        batch: Batch | None = None
        for first in range(0, runs, chunk):
            count = min(chunk, runs - first)
            if whole is None:
                assert callable(inputs)
                values = prepared(self._node, inputs(first, count), count, ticks)
            else:
                values = {n: v if len(v) == 1 else v[first : first + count] for n, v in whole.items()}
            if batch is not None and batch.runs == count:
                batch.reset()
            else:
                batch = Batch(self.code, count, lanes, threads, once=True)
            yield first, batch, batch.run(values, ticks)

    def _results(
        self, first: int, runs: int, ticks: int, values: Mapping[str, Values], traces: Mapping[str, Values]
    ) -> Results:
        return Results(
            first,
            runs,
            ticks,
            {name: value for name, value in values.items() if name in self._shown},
            traces,
            {name: values[variable] for name, variable in self._figures.items()},
            {name: values[variable] for name, variable in self._clauses.items()},
        )

    def _chunk(self, ticks: int) -> int:
        """A number of runs whose state, inputs and traces fit the memory, if all inputs change at each tick."""
        slots = (*self.code.machine.inputs, *self.code.traced)
        layout = self.code.layout
        bytes_ = ticks * sum(size(s.type) * memory_type(element(s.type)).itemsize for s in slots)
        bytes_ += (layout.state_bytes + layout.output_bytes) // layout.width
        return max(64, min(CHUNK, CHUNK_BYTES // max(1, bytes_) // 64 * 64))


def _joined(parts: list[Mapping[str, Values]]) -> dict[str, Values]:
    return {name: np.concatenate([part[name] for part in parts]) for name in (parts[0] if parts else ())}


def rooms(slots: Sequence[Slot], runs: int) -> dict[str, Values]:
    """Room for a value of each slot in each run, in one block: the system has larger pages for a large block."""
    kinds = [dtype(element(s.type)) for s in slots]
    counts = [runs * size(s.type) for s in slots]
    ends = np.cumsum([-(-c * k.itemsize // ALIGNMENT) * ALIGNMENT for c, k in zip(counts, kinds, strict=True)]).tolist()
    block = np.empty(ends[-1] if ends else 0, np.uint8)
    return {
        s.name: np.ndarray((runs, *shape(s.type)), kind, block.data, start)
        for s, kind, start in zip(slots, kinds, [0, *ends], strict=False)
    }


def prepared(node: Node, given: Given, runs: int, ticks: int) -> dict[str, Values]:
    """The inputs of ``node`` as arrays of their machine types, ``[runs or 1, ticks or 1, ...]``.

    Raises:
        DiagnosticError: S001 a name that is no input, S002 an input without values or with too few, S003 values that
            do not fit the type.
    """
    known = {v.name: v for v in node.inputs}
    faults: list[Diagnostic] = []
    for name in given:
        if name not in known:
            text = ", ".join(sorted(known))
            faults.append(error("S001", f"{node.label} has no input {name!r}", node.span, help=f"its inputs: {text}"))
    found: dict[str, Values] = {}
    for name, var in known.items():
        if name not in given:
            help_ = "supply a value, one for each run, or one for each run and tick"
            faults.append(error("S002", f"input {name!r} has no values", var.span, help=help_))
            continue
        try:
            found[name] = _extended(_machine_values(np.asarray(given[name]), var), var, runs, ticks)
        except _MisfitError as misfit:
            faults.append(error(misfit.code, f"input {name!r}: {misfit}", var.span, help=f"its type is {var.type}"))
    if faults:
        raise DiagnosticError(*faults)
    return found


class _MisfitError(Exception):
    """Values that do not fit an input."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _machine_values(values: Values, var: Var) -> Values:
    kind = element(var.type)
    wanted = dtype(machine_element(kind))
    found = values.dtype.kind
    if isinstance(kind, EnumType):
        if found == "U":
            number = {name: i for i, name in enumerate(kind.constructors)}
            if not set(np.unique(values)) <= set(number):
                raise _MisfitError("S003", f"constructors are {', '.join(number)}")
            return np.vectorize(number.__getitem__, otypes=[wanted])(values)
        low, high = 0, len(kind.constructors) - 1
    elif kind is BOOL:
        if found != "b":
            raise _MisfitError("S003", f"values of {values.dtype}, not Booleans")
        return values
    elif wanted.kind == "f":
        if found not in "fiu":
            raise _MisfitError("S003", f"values of {values.dtype}, not numbers")
        return values.astype(wanted, copy=False)
    else:
        low, high = integer_range(Scalar(wanted.name.replace("uint", "u").replace("int", "i")))
    if found not in "iu" or (values.size and not (low <= int(values.min()) and int(values.max()) <= high)):
        raise _MisfitError("S003", f"values of {values.dtype} that are not all whole numbers from {low} to {high}")
    return values.astype(wanted, copy=False)


def _extended(values: Values, var: Var, runs: int, ticks: int) -> Values:
    """With an axis for runs and one for ticks."""
    own = shape(var.type)
    axes = values.ndim - len(own)
    if not 0 <= axes <= 2 or values.shape[axes:] != own:
        raise _MisfitError("S003", f"values of shape {values.shape}, not {('runs', 'ticks', *own)}")
    full = values.reshape(*values.shape[:axes], *(1,) * (2 - axes), *own) if axes else values.reshape(1, 1, *own)
    if full.shape[0] not in (1, runs):
        raise _MisfitError("S002", f"values for {full.shape[0]} runs, there are {runs}")
    if full.shape[1] != 1 and full.shape[1] < ticks:
        raise _MisfitError("S002", f"values for {full.shape[1]} ticks, a run has {ticks}")
    return full if full.shape[1] == 1 else full[:, :ticks]
