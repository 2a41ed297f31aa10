"""A program with its networks in integers, and how far it is from the program in floats.

Rule: the networks are rewritten one by one and put in the places of their nodes; in the nodes that call them what is
only moved becomes integers, everything else stays as it was traced, and the whole is checked again. Both programs then
run on the recorded inputs, and every stream of integers is compared with the stream of floats that it stands for, on
the calibration set and on what was held out.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml import pipeline
from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.clocks import BASE
from syncml.ir.equations.syntax import Call, Equation, Fby, Iterate, Node, Program, Var, atoms
from syncml.ir.types import F32, FLOATS, element
from syncml.lang.trace import Names
from syncml.nodes.quantised import Affine
from syncml.pipeline import Checked
from syncml.quantise.accuracy import Compared, compared_layer, compared_output
from syncml.quantise.calibration import (
    Method,
    Recording,
    Seen,
    affine_of,
    check_varied,
    observed,
    read_recording,
    see,
)
from syncml.quantise.callers import Crossing, rewired
from syncml.quantise.host import converted
from syncml.quantise.integers import NO_PORTS, Ports, Signature, seen_name
from syncml.quantise.moves import needed
from syncml.quantise.networks import networks_of
from syncml.quantise.rewriting import Rewritten, in_integers, inside_layers


class Interface(enum.StrEnum):
    """What the inputs and outputs of the program are that only networks read, or that networks compute."""

    INTEGER = "integer"
    FLOAT = "float"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How networks become integers.

    Attributes:
        method: How ranges are chosen.
        bits: Of activations, 8 or 16; weights have 8.
        in_floats: The labels of nodes that stay in floats.
        interface: What the inputs and outputs of the program are.
    """

    method: Method = Method.MINMAX
    bits: int = 8
    in_floats: frozenset[str] = frozenset()
    interface: Interface = Interface.INTEGER


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
        interface: What the integers of the program's inputs and outputs stand for, by name; the others are as traced.
        crossings: The conversions between real numbers and integers in code that runs.
        in_floats: How many equations with floats run in a node, by its label; none where all is integers.
    """

    file: str
    recording: Recording
    scheme: Scheme
    networks: Mapping[str, tuple[Compared, ...]]
    outputs: tuple[Compared, ...]
    left: tuple[Equation, ...]
    interface: Mapping[str, Affine]
    crossings: tuple[Crossing, ...]
    in_floats: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Quantisation:
    """The program with its networks in integers; ``floats`` is the main node as it was, whose inputs were recorded."""

    checked: Checked
    floats: Node
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
    callers = {n.name: n for n in floats.program.nodes if n.name not in {m.name for m in networks.nodes}}
    watched = {n.name: observed(n) for n in (*networks.nodes, *callers.values())}
    wanted = {n.name: _ranged(n, watched[n.name]) for n in networks.nodes}
    wanted |= {name: {seen_name(v) for v in n.inputs} for name, n in callers.items()}
    seen = see(floats.program, watched, recording, wanted)
    names = Names()
    for node in traced.nodes:
        names.fresh(node.name)
    assembled = _assembled(
        traced,
        networks.nodes,
        names,
        scheme,
        lambda n: _affines(n, seen, recording, scheme),
        lambda name, i: seen.ranged(callers[name], callers[name].inputs[i], recording, scheme.method, scheme.bits),
    )
    taken = {c.stream for c in assembled.crossings if c.node == floats.main.label and c.becomes == "integers"}
    taken |= assembled.interface.keys()
    check_varied(recording, path.name, [v for v in floats.main.inputs if v.name in taken])
    made = assembled.made
    integers = pipeline.check(assembled.program)
    watched = {n.name: observed(n) for n in integers.program.nodes if n.name in made}
    layers = {name: {layer.stream for layer in new.layers} for name, new in made.items()}
    found = see(integers.program, watched, converted(recording, floats.main, assembled.interface), layers)
    labels = [node.label for node in networks.nodes]
    compared = {
        node.label if labels.count(node.label) == 1 else node.name: tuple(
            compared_layer(node, layer, seen, found, recording) for layer in made[node.name].layers
        )
        for node in networks.nodes
    }
    outputs = tuple(
        compared_output(before, after, seen, found, assembled.interface.get(after.name), recording)
        for before, after in zip(floats.main.outputs, integers.main.outputs, strict=True)
        if element(before.type) in FLOATS
    )
    report = Report(path.name, recording, scheme, compared, outputs, networks.left, assembled.interface,
                    assembled.crossings, _in_floats(integers.program))  # fmt: skip
    return Quantisation(integers, floats.main, report)


def _ranged(network: Node, watched: Node) -> set[str]:
    """The streams of which ranges are asked, and errors told: all real numbers but those within layers."""
    inside = inside_layers(network)
    targets = (t for e in watched.equations for t in e.targets)
    return {t.name for t in targets if element(t.type) is F32 and t not in inside}


@dataclass(frozen=True, slots=True)
class _Assembled:
    """The traced program with integers in it, its networks by name, and what the other fields of a report say."""

    program: Program
    made: Mapping[str, Rewritten]
    interface: Mapping[str, Affine]
    crossings: tuple[Crossing, ...]


def _assembled(
    traced: Program,
    networks: tuple[Node, ...],
    names: Names,
    scheme: Scheme,
    affines: Callable[[Node], Callable[[Var], Affine]],
    recorded: Callable[[str, int], Affine | None],
) -> _Assembled:
    """The traced program with networks in integers, without the nodes that nobody calls any more."""
    found, made = {n.name: n for n in networks}, dict[str, Rewritten]()
    signatures: dict[str, Signature] = {}
    labels = {n.name: n.label for n in traced.nodes}
    nodes: list[Node] = []
    crossings: list[Crossing] = []
    for node in traced.nodes:
        ports = _real_ports(traced, node, scheme)
        if node.name in found:
            new = made[node.name] = in_integers(found[node.name], affines(found[node.name]), names, ports)
            nodes += new.callees
            nodes.append(
                replace(new.node, clocks=MappingProxyType(dict.fromkeys(new.node.inputs, BASE)), rate=node.rate)
            )
            signatures[node.name] = new.signature
            for kind, variables, real in (("integers", node.inputs, ports.inputs),
                                          ("real numbers", node.outputs, ports.outputs)):  # fmt: skip
                crossings += [Crossing(node.label, v.name, kind, "the interface", v.span)
                              for i, v in enumerate(variables) if i in real]  # fmt: skip
        elif (caller := rewired(node, signatures, labels, partial(recorded, node.name), ports)) is not None:
            nodes.append(caller.node)
            crossings += caller.crossings
            if caller.signature.has_integers:
                signatures[node.name] = caller.signature
        else:
            nodes.append(node)
    program = replace(traced, nodes=_called(nodes, traced.main))
    signature, main = signatures.get(traced.main), program.node(traced.main)
    interface: dict[str, Affine] = {}
    if signature is not None:
        both = zip((*main.inputs, *main.outputs), (*signature.inputs, *signature.outputs), strict=True)
        interface = {v.name: affine for v, affine in both if affine is not None}
    kept = {n.label for n in program.nodes}
    return _Assembled(program, made, interface, tuple(c for c in crossings if c.node in kept))


def _called(nodes: list[Node], main: str) -> tuple[Node, ...]:
    """The nodes that the program uses."""
    needed = {main}
    kept: list[Node] = []
    for node in reversed(nodes):
        if node.name in needed:
            kept.append(node)
            needed |= {e.rhs.node for e in node.equations if isinstance(e.rhs, Call | Iterate)}
    return tuple(reversed(kept))


def _real_ports(traced: Program, node: Node, scheme: Scheme) -> Ports:
    """The inputs and outputs of a node that stay real numbers: the program's if asked for, and accumulators."""
    if node.name == traced.main:
        if scheme.interface is Interface.INTEGER:
            return NO_PORTS
        return Ports(*(frozenset(i for i, v in enumerate(ends) if element(v.type) is F32)
                       for ends in (node.inputs, node.outputs)))  # fmt: skip
    # What an element gives to the next one has to be what it takes.
    carried = max((e.rhs.carried for n in traced.nodes for e in n.equations
                   if isinstance(e.rhs, Iterate) and e.rhs.node == node.name), default=0)  # fmt: skip
    return Ports(frozenset(range(carried)), frozenset(range(carried)))


def _in_floats(program: Program) -> dict[str, int]:
    """How many equations with floats run in each node."""
    counts: dict[str, int] = {}
    for node in program.nodes:
        count = sum(any(element(v.type) in FLOATS for v in (*e.targets, *atoms(e.rhs))) for e in needed(node))
        if count:
            counts[node.label] = counts.get(node.label, 0) + count
    return counts


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
            parts = [values(part) for part in (var, *delayed.get(var, ()))]
            joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
            # What is not finite shows in the ends.
            if joined.size == 0 or not np.isfinite([joined.min(), joined.max()]).all():
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
