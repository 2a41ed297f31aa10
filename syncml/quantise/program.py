"""A program with its networks in integers, and how far it is from the program in floats.

Rule: the networks are rewritten one by one and put in the places of their nodes; everything else stays as it was
traced, and the whole is checked again. Both programs then run on the recorded inputs, and every stream of integers is
compared with the stream of floats that it stands for, on the calibration set and on what was held out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml import pipeline
from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.clocks import BASE
from syncml.ir.equations.syntax import Call, Equation, Fby, Iterate, Node, Program, Var
from syncml.ir.types import FLOATS, element
from syncml.lang.trace import Names
from syncml.nodes.quantised import Affine
from syncml.pipeline import Checked
from syncml.quantise.calibration import (
    Method,
    Recording,
    Seen,
    affine_of,
    dequantised,
    observed,
    read_recording,
    see,
)
from syncml.quantise.networks import networks_of
from syncml.quantise.rewriting import Layer, Rewritten, in_integers


@dataclass(frozen=True, slots=True)
class Scheme:
    """How networks become integers.

    Attributes:
        method: How ranges are chosen.
        bits: Of activations, 8 or 16; weights have 8.
        in_floats: The labels of nodes that stay in floats.
    """

    method: Method = Method.MINMAX
    bits: int = 8
    in_floats: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Error:
    """How far integers are from floats: the largest and the mean magnitude, and the ratio of the powers in decibels."""

    largest: float
    mean: float
    snr: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A stream in both programs; ``layer`` is None for an output of the program."""

    name: str
    layer: Layer | None
    calibration: Error
    held_out: Error


@dataclass(frozen=True, slots=True)
class Report:
    """What was quantised, and how far it is from floats.

    Attributes:
        file: The recorded inputs.
        recording: Their ticks.
        scheme: How it was done.
        networks: For each network its streams.
        outputs: The outputs of the program.
        left: Products with constants that stay in floats.
    """

    file: str
    recording: Recording
    scheme: Scheme
    networks: Mapping[str, tuple[Compared, ...]]
    outputs: tuple[Compared, ...]
    left: tuple[Equation, ...]


@dataclass(frozen=True, slots=True)
class Quantisation:
    """The program with its networks in integers."""

    checked: Checked
    report: Report


def quantised(traced: Program, path: Path, scheme: Scheme | None = None) -> Quantisation:
    """The program ``traced`` with its networks in integers, calibrated on the recorded inputs in ``path``.

    Raises:
        DiagnosticError: the faults of the program; D001, D004, D022 to D024 for the recorded inputs; D020, D021 and
            D025 for what cannot be quantised.
    """
    scheme = scheme or Scheme()
    floats = pipeline.check(traced)
    networks = networks_of(floats.program, scheme.in_floats)
    recording = read_recording(path, floats.main)
    seen = see(floats.program, {n.name: observed(n) for n in networks.nodes}, recording)
    names = Names()
    for node in traced.nodes:
        names.fresh(node.name)
    made = {n.name: in_integers(n, _affines(n, seen, recording, scheme), names) for n in networks.nodes}
    integers = pipeline.check(_assembled(traced, made))
    found = see(integers.program, {n.name: n for n in integers.program.nodes if n.name in made}, recording)
    trace = found.trace
    compared = {
        node.label: tuple(_compared(node, layer, seen, found, recording) for layer in made[node.name].layers)
        for node in networks.nodes
    }
    outputs = tuple(
        Compared(v.name, None, *(_error(seen.trace.column(v.name).values[t][seen.trace.column(v.name).present[t]],
                                        trace.column(v.name).values[t][trace.column(v.name).present[t]])
                                 for t in _parts(recording)))
        for v in integers.main.outputs if element(v.type) in FLOATS
    )  # fmt: skip
    return Quantisation(integers, Report(path.name, recording, scheme, compared, outputs, networks.left))


def _assembled(traced: Program, made: Mapping[str, Rewritten]) -> Program:
    """The traced program with networks in integers, without the nodes that nobody calls any more."""
    nodes: list[Node] = []
    for node in traced.nodes:
        if node.name in made:
            new = made[node.name]
            nodes += new.callees
            declared = MappingProxyType(dict.fromkeys(new.node.inputs, BASE))
            nodes.append(replace(new.node, clocks=declared, rate=node.rate))
        else:
            nodes.append(node)
    needed = {traced.main}
    kept: list[Node] = []
    for node in reversed(nodes):
        if node.name in needed:
            kept.append(node)
            needed |= {e.rhs.node for e in node.equations if isinstance(e.rhs, Call | Iterate)}
    return replace(traced, nodes=tuple(reversed(kept)))


def _affines(network: Node, seen: Seen, recording: Recording, scheme: Scheme) -> Callable[[Var], Affine]:
    """The quantisation of each stream by its range; a register and what it delays have one range."""
    delayed: dict[Var, list[Any]] = {}
    for equation in network.equations:
        if isinstance(equation.rhs, Fby) and equation.rhs.init is not None:
            parts: list[Any] = [np.asarray(equation.rhs.init.machine(), dtype=np.float64)]
            if isinstance(equation.rhs.following, Var):
                parts.append(equation.rhs.following)
                delayed.setdefault(equation.rhs.following, []).append(equation.target)
            delayed.setdefault(equation.target, []).extend(parts)
    calibrated = slice(0, recording.calibrated)
    known: dict[Var, Affine] = {}

    def values(part: Any) -> NDArray[Any]:
        return (seen.values(network, part, calibrated) if isinstance(part, Var) else part).reshape(-1)

    def affine(var: Var) -> Affine:
        if var not in known:
            joined = np.concatenate([values(part) for part in (var, *delayed.get(var, ()))])
            if joined.size == 0 or not np.isfinite(joined).all():
                what = "has no value" if joined.size == 0 else "has a value that is not finite"
                message = f"the stream `{var.name}` of the network `{network.label}` {what} on the calibration set"
                help_ = "record inputs on which the network computes numbers"
                raise DiagnosticError(error("D023", message, var.span, help=help_))
            found = affine_of(joined, scheme.method, scheme.bits)
            if found is None:
                message = (
                    f"the stream `{var.name}` of the network `{network.label}` is 0 throughout the calibration set"
                )
                help_ = f"record inputs on which it varies, or leave the network in floats: --float {network.label}"
                raise DiagnosticError(error("D024", message, var.span, help=help_))
            known[var] = found
        return known[var]

    return affine


def _parts(recording: Recording) -> tuple[slice, slice]:
    return slice(0, recording.calibrated), slice(recording.calibrated, recording.ticks)


def _compared(network: Node, layer: Layer, floats: Seen, integers: Seen, recording: Recording) -> Compared:
    stand_in = replace(layer.source, name=layer.stream)
    errors = [
        _error(
            floats.values(network, layer.source, part),
            dequantised(integers.values(network, stand_in, part), layer.affine),
        )
        for part in _parts(recording)
    ]
    return Compared(layer.source.name, layer, *errors)


def _error(expected: NDArray[Any], found: NDArray[Any]) -> Error:
    if not expected.size:
        return Error(0.0, 0.0, None)
    exact = expected.astype(np.float64)
    difference = np.abs(found.astype(np.float64) - exact)
    noise, power = float(np.square(difference).mean()), float(np.square(exact).mean())
    snr = None if noise == 0 or power == 0 else round(10 * float(np.log10(power / noise)), 2)
    return Error(float(difference.max()), float(difference.mean()), snr)
