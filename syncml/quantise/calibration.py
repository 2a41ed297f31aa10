"""Recorded inputs, and the ranges that the streams of networks take on them.

Rule: a file of recorded inputs has an array for each input of the program, one row for each tick; in a trace of
`syncml sim` (which has ``x.present`` beside ``x``) other streams are left aside. The first three
quarters of the ticks are the calibration set, from which ranges are taken; the rest is held out. The program runs on
all of them, compiled where that is less work than to compile it; the bits are the same. A range is that of the values
(``minmax``), of all but one in 10,000 at either end (``percentile``), or the one with the least mean square error of
the integers (``mse``); it contains 0. Values below `MASKED` say that something is left out, as before a softmax; they
become the least integer, which stands for a number so far below the others that its exponential is 0 beside theirs.
"""

from __future__ import annotations

import enum
import io
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, Span, error
from syncml.ir.equations.syntax import Apply, Call, Equation, Iterate, Node, Program, Var
from syncml.ir.equations.work import equations_of, terms_of, work_of
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, element, shape
from syncml.nodes.quantised import Affine
from syncml.quantise.integers import seen_name
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace

COMPILED = 0.5
"""The seconds that compiling takes for each equation, about."""

OPERATION, ELEMENT = 1.5e-5, 2e-9
"""The seconds that the interpreter takes for an operation on arrays, and for each element of it, about."""

FEWEST = 8
"""The fewest ticks that a calibration takes: 6 to calibrate and 2 held out."""


MASKED = -1e20
"""What is below it is no number that anything measures, and stands for minus infinity."""


class Method(enum.StrEnum):
    """How the range of a stream is chosen."""

    MINMAX = "minmax"
    PERCENTILE = "percentile"
    MSE = "mse"


@dataclass(frozen=True, slots=True)
class Recording:
    """Recorded inputs: for each input an array (ticks, ...), of which the first ``calibrated`` ticks calibrate."""

    inputs: Mapping[str, NDArray[Any]]
    ticks: int

    @property
    def calibrated(self) -> int:
        """The number of ticks of the calibration set."""
        return self.ticks - max(1, self.ticks // 4)


def read_recording(path: Path, main: Node) -> Recording:
    """The recorded inputs of ``main`` in an NPZ file, or in the trace of a run.

    Raises:
        DiagnosticError: D001 or D004, the file cannot be read; D022, an input is missing or has another shape; D023,
            a value is not finite.
    """
    arrays = _arrays(path)
    if any(f"{name}.present" in arrays for name in arrays):
        arrays = {v.name: arrays[v.name] for v in main.inputs if v.name in arrays}
    faults: list[Diagnostic] = []
    here = Span.point(str(path))
    expected = ", ".join(f"{v.name} (ticks{''.join(f', {n}' for n in shape(v.type))})" for v in main.inputs)
    for name in sorted(arrays.keys() - {v.name for v in main.inputs}):
        message = f"{path.name} has an array {name!r}, and `{main.label}` no such input"
        faults.append(error("D022", message, here, help=f"its inputs: {expected}"))
    lengths = {v.name: len(arrays[v.name]) for v in main.inputs if v.name in arrays and arrays[v.name].ndim}
    ticks = min(lengths.values(), default=0)
    for var in main.inputs:
        found = arrays.get(var.name)
        if found is None:
            message = f"{path.name} has no array for the input {var.name!r}"
            faults.append(error("D022", message, var.span, help=f"it has to have: {expected}"))
        elif found.ndim == 0 or found.shape[1:] != shape(var.type):
            message = f"the array {var.name!r} of {path.name} has shape {found.shape}; one row a tick of {var.type}"
            faults.append(error("D022", message, var.span, help=f"it has to have: {expected}"))
        elif lengths[var.name] != ticks or ticks < FEWEST:
            message = f"the array {var.name!r} of {path.name} has {lengths[var.name]} ticks"
            help_ = f"give all inputs the same number of ticks, {FEWEST} or more"
            faults.append(error("D022", message, var.span, help=help_))
        elif element(var.type) in FLOATS and not np.isfinite(found).all():
            tick = int(np.argwhere(~np.isfinite(found))[0][0])
            message = f"the array {var.name!r} of {path.name} has a value that is not finite, first at tick {tick}"
            faults.append(
                error("D023", message, var.span, help="record finite values; leave out what was not measured")
            )
    if faults:
        raise DiagnosticError(*faults)
    if not main.inputs:
        raise DiagnosticError(error("D022", f"`{main.label}` has no inputs to record", main.span))
    return Recording(arrays, ticks)


def check_varied(recording: Recording, file: str, inputs: Collection[Var]) -> None:
    """Check that each of ``inputs``, of which networks take integers, has more than one value.

    Raises:
        DiagnosticError: D024, one has not.
    """
    faults = [
        error("D024", f"the array {var.name!r} of {file} never changes", var.span,
              help="record inputs as they vary in use; a range cannot be told from one value")
        for var in inputs
        if bool((recording.inputs[var.name] == recording.inputs[var.name][:1]).all())
    ]  # fmt: skip
    if faults:
        raise DiagnosticError(*faults)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        data = path.read_bytes()
    except OSError as fault:
        message = f"cannot read {path}: {fault.strerror or fault}"
        raise DiagnosticError(error("D001", message, Span.point(str(path)))) from fault
    try:
        if not zipfile.is_zipfile(io.BytesIO(data)):
            raise ValueError("it is no NPZ archive")
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as fault:
        message = f"{path.name} is damaged or cut short: {fault}"
        help_ = "write it with numpy.savez, one array for each input"
        raise DiagnosticError(error("D004", message, Span.point(str(path)), help=help_)) from fault


def observed(network: Node) -> Node:
    """The node with a copy of each input and output, under names that stay when it is inlined."""
    copies = {v: Var(seen_name(v), v.type, v.span) for v in dict.fromkeys((*network.inputs, *network.outputs))}
    equations = tuple(Equation((c,), Apply(Op.COPY, (v,)), v.span, network.clocks[v]) for v, c in copies.items())
    clocks = MappingProxyType({**network.clocks, **{c: network.clocks[v] for v, c in copies.items()}})
    return replace(network, equations=(*network.equations, *equations), clocks=clocks)


def exchanged(program: Program, nodes: Mapping[str, Node]) -> Program:
    """The program with other nodes in the place of some, by name."""
    return replace(program, nodes=tuple(nodes.get(n.name, n) for n in program.nodes))


def paths_of(program: Program, name: str) -> tuple[str, ...]:
    """What the names of the streams of each instance of a node begin with, once everything is inlined."""
    paths: dict[str, list[str]] = {n.name: [] for n in program.nodes}
    paths[program.main].append("")
    for node in reversed(program.nodes):
        for equation in node.equations:
            match equation.rhs:
                case Call(node=called, instance=instance):
                    paths[called] += [f"{path}{instance}." for path in paths[node.name]]
                case Iterate(node=called):
                    paths[called] += [f"{path}{own}." for path in paths[node.name] for own in equation.rhs.paths]
                case _:
                    pass
    return tuple(paths[name])


@dataclass(frozen=True, slots=True)
class Seen:
    """The values of the streams of networks in a run: for each network and stream an array for each instance."""

    trace: Trace
    paths: Mapping[str, tuple[str, ...]]

    def values(self, network: Node, var: Var, ticks: slice) -> NDArray[Any]:
        """The values of ``var`` where it is present, (samples, ...)."""
        ends = {*network.inputs, *network.outputs}
        name = seen_name(var) if var in ends else var.name
        columns = [self.trace.column(f"{path}{name}") for path in self.paths[network.name]]
        parts = [c.values[ticks] if c.present[ticks].all() else c.values[ticks][c.present[ticks]] for c in columns]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def ranged(self, node: Node, var: Var, recording: Recording, method: Method, bits: int) -> Affine | None:
        """The quantisation of a stream by its range on the calibration set; None if there is none, or all are 0."""
        if not self.paths[node.name]:
            return None
        values = self.values(node, var, slice(0, recording.calibrated))
        if not values.size or not np.isfinite([values.min(), values.max()]).all():
            return None
        return affine_of(values, method, bits)


def see(program: Program, networks: Mapping[str, Node], recording: Recording, wanted: Mapping[str, set[str]]) -> Seen:
    """Run a program on the recorded inputs.

    Args:
        program: The program.
        networks: What is in the places of the nodes of these names.
        recording: The inputs.
        wanted: For each network the names of the streams that are to be seen.
    """
    watched = exchanged(program, networks)
    paths = {name: paths_of(watched, name) for name in networks}
    streams = frozenset(f"{path}{stream}" for name in networks for path in paths[name] for stream in wanted[name])
    interpreting = (OPERATION * terms_of(watched) + ELEMENT * work_of(watched)) * recording.ticks
    if interpreting < COMPILED * equations_of(watched):
        return Seen(interpret(watched, recording.inputs, recording.ticks, observe=streams).trace, paths)
    return Seen(compile_program(watched, streams).run(recording.inputs, recording.ticks), paths)


def affine_of(values: NDArray[Any], method: Method, bits: int) -> Affine | None:
    """The quantisation of a stream by its values; None if they are all 0.

    Of 8 bits it is asymmetric, of 16 bits symmetric. Scales are numbers of ``f32``.
    """
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    if low <= MASKED < high:
        # Less than half a step of a share of 1, beside any number.
        low = min(0.0, float(values[values > MASKED].min())) - (bits + 1) * float(np.log(2))
        return affine_over(low, high, bits)
    flat = values.reshape(-1)
    if method is Method.PERCENTILE:
        ends = np.percentile(flat.astype(np.float64), [0.01, 99.99])
        low, high = min(0.0, float(ends[0])), max(0.0, float(ends[1]))
    if low == high:
        return None
    if method is Method.MSE:
        candidates = [affine_over(low * part, high * part, bits) for part in np.linspace(0.4, 1.0, 31)]
        sample = flat[:: max(1, flat.size // 20_000)].astype(np.float64)
        return min(candidates, key=lambda a: float(np.square(sample - dequantised(a.quantised(sample), a)).mean()))
    return affine_over(low, high, bits)


def affine_over(low: float, high: float, bits: int) -> Affine:
    """The quantisation of the numbers from ``low`` to ``high``, of which 0 is one."""
    if bits == 16:
        return Affine(float(np.float32(max(-low, high) / 32767)), 0, 16)
    scale = float(np.float32((high - low) / 255))
    return Affine(scale, min(127, max(-128, round(-128 - low / scale))))


def dequantised(q: NDArray[Any], affine: Affine) -> NDArray[np.float64]:
    """The real numbers that integers stand for."""
    return affine.scale * (q.astype(np.float64) - affine.zero_point)
