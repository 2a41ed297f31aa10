"""Nodes that call networks, with integers where they only move them.

Rule: the streams that `syncml.quantise.moves` finds are integers. Where a network's quantisation is another one the
integers are brought to it, without real numbers in between. An equation in floats reads the real numbers that integers
stand for, and what it computes is quantised where a network takes it; each of these conversions is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.constants import Const
from syncml.ir.equations.rewrite import rewritten
from syncml.ir.equations.syntax import Apply, Atom, Buffer, Call, Equation, Fby, Iterate, Node, Var
from syncml.ir.operators import OPERATORS, Op
from syncml.lang.operations import value_of
from syncml.lang.presence import ON_BASE
from syncml.lang.source import here
from syncml.lang.stream import Stream, stream
from syncml.lang.trace import Session, Trace, Value, building
from syncml.nodes.quantised import Affine, Quantised, quantise, real, requantise
from syncml.quantise.integers import NO_PORTS, Ports, Signature, constant_for, integers_for, placed
from syncml.quantise.moves import Moves, computed, integers_in, moved, needed, ports, results


@dataclass(frozen=True, slots=True)
class Crossing:
    """A conversion between real numbers and integers in code that runs.

    Attributes:
        node: The label of the node in which it is.
        stream: What is converted.
        becomes: ``integers`` or ``real numbers``.
        reader: What reads the result.
        place: Where.
    """

    node: str
    stream: str
    becomes: str
    reader: str
    place: Span


@dataclass(frozen=True, slots=True)
class Rewired:
    """A caller of networks with integers in it, what its inputs and outputs stand for, and what it converts."""

    node: Node
    signature: Signature
    crossings: tuple[Crossing, ...]


def rewired(
    node: Node,
    signatures: Mapping[str, Signature],
    labels: Mapping[str, str],
    recorded: Callable[[int], Affine | None],
    real_ports: Ports = NO_PORTS,
) -> Rewired | None:
    """``node`` with integers where it only moves them; None if it calls no node that takes or gives any.

    Args:
        node: A node that is no network itself.
        signatures: Of the nodes with integers, by name.
        labels: What the user calls nodes, by name.
        recorded: For the place of an input the quantisation by its recorded range; None if it was 0 throughout.
        real_ports: The inputs and outputs that stay real numbers.
    """
    if not any(isinstance(e.rhs, Call | Iterate) and e.rhs.node in signatures for e in node.equations):
        return None
    if node.external:
        # The function that the user supplies in C takes and gives real numbers.
        real_ports = Ports(frozenset(range(len(node.inputs))), frozenset(range(len(node.outputs))))
    return _Caller(node, signatures, labels, integers_in(node, signatures, real_ports, recorded), real_ports).run()


@dataclass(slots=True)
class _Caller:
    """One node under construction.

    Attributes:
        moves: The streams that are integers.
        integers: The integers of a stream.
        reals: The real numbers of a stream of integers, where something reads them.
        brought: The integers of a stream in other quantisations.
    """

    node: Node
    signatures: Mapping[str, Signature]
    labels: Mapping[str, str]
    moves: Moves
    real_ports: Ports
    integers: dict[Var, Var] = field(default_factory=dict[Var, Var])
    reals: dict[Var, Var] = field(default_factory=dict[Var, Var])
    brought: dict[tuple[Var, Affine], Var] = field(default_factory=dict[tuple[Var, Affine], Var])
    crossings: list[Crossing] = field(default_factory=list[Crossing])

    @property
    def affines(self) -> Mapping[Var, Affine]:
        """What the integers of streams stand for."""
        return self.moves.affines

    def run(self) -> Rewired:
        node = self.node
        trace = Trace(Session(), node.label, _Caller.run.__code__, node.rate, node.span)
        for var in (*node.inputs, *(t for e in node.equations for t in e.targets)):
            trace.names.fresh(var.name)
        read = {a for e in node.equations if not self._moves(e) for a in computed(e, self.signatures)}
        read |= {v for i, v in enumerate(node.outputs) if i in self.real_ports.outputs}
        for var, affine in self.affines.items():
            # Who reads real numbers finds them under the name that they had; an input keeps its name in any case.
            is_real = var in self.moves.real_inputs
            keeps = not is_real and (var in node.inputs or var not in read)
            name = var.name if keeps else trace.names.fresh(f"{var.name}_integers")
            self.integers[var] = integers_for(var, affine, name)
            if var in read or is_real:
                self.reals[var] = replace(var, name=trace.names.fresh(f"{var.name}_real")) if keeps else var
        runs = set(map(id, needed(node)))
        with building(trace.session, trace):
            for equation in node.equations:
                self._equation(trace, equation, runs=id(equation) in runs)
            for var in self.reals:
                if var in self.moves.real_inputs:
                    self._define(
                        trace, self.integers[var], lambda v=var: quantise(_given(v), self.affines[v]).values.ir
                    )
                    self.crossings.append(Crossing(node.label, var.name, "integers", "the interface", var.span))
                else:
                    self._define(trace, self.reals[var], lambda v=var: real(self._stream(v)).ir)
        trace.session.collector.raise_if_errors()
        outputs = tuple(self.reals[v] if i in self.real_ports.outputs and v in self.reals else self.integers.get(v, v)
                        for i, v in enumerate(node.outputs))  # fmt: skip
        self.crossings += [
            Crossing(node.label, v.name, "real numbers", "the interface", v.span)
            for i, v in enumerate(node.outputs)
            if i in self.real_ports.outputs and v in self.affines
        ]
        made = replace(
            node,
            inputs=tuple(v if v in self.moves.real_inputs else self.integers.get(v, v) for v in node.inputs),
            outputs=outputs,
            equations=tuple(trace.equations),
            clocks=MappingProxyType(self._both(node.clocks)),
            within=MappingProxyType(self._both(node.within)),
            beside=MappingProxyType({v: self.integers.get(w, w) for v, w in self._both(node.beside).items()}),
        )
        taken = tuple(None if v in self.moves.real_inputs else self.affines.get(v) for v in node.inputs)
        given = tuple(None if i in self.real_ports.outputs else self.affines.get(v) for i, v in enumerate(node.outputs))
        return Rewired(made, Signature(taken, given), tuple(self.crossings))

    def _both(self, said: Mapping[Var, Any]) -> dict[Var, Any]:
        """What is said of streams, of their integers and their real numbers."""
        of_integers = {self.integers.get(v, v): what for v, what in said.items()}
        return of_integers | {self.reals[v]: what for v, what in said.items() if v in self.reals}

    def _moves(self, equation: Equation) -> bool:
        return len(equation.targets) == 1 and equation.target in self.affines and moved(equation) is not None

    def _equation(self, trace: Trace, equation: Equation, *, runs: bool) -> None:
        """The equation with integers, and the conversions that it needs."""
        rhs, before = equation.rhs, len(trace.equations)
        if self._moves(equation):
            affine = self.affines[equation.target]
            carried = set(map(id, moved(equation) or ()))
            changed = rewritten(rhs, lambda a: self._moved(a, affine) if id(a) in carried else a, lambda v: v)
            match changed:
                case Fby(init=Const() as init):
                    changed = replace(changed, init=constant_for(init, affine))
                case Buffer(init=values):
                    changed = replace(changed, init=tuple(constant_for(v, affine) for v in values))
                case _:
                    pass
            trace.equations.append(replace(equation, targets=(self.integers[equation.target],), rhs=changed))
            return
        if runs:
            self.crossings += [
                Crossing(self.node.label, a.name, "real numbers", self._reader(equation), equation.span)
                for a in dict.fromkeys(computed(equation, self.signatures))
                if isinstance(a, Var) and a in self.affines and a not in self.moves.real_inputs
            ]
        if not isinstance(rhs, Call | Iterate):
            trace.equations.append(replace(equation, rhs=rewritten(rhs, self._real, lambda v: v)))
            return
        arguments = tuple(
            self._real(a) if affine is None else self._taken(trace, a, affine, equation, runs=runs)
            for a, affine in ports(equation, self.signatures)
        )
        own = dict(results(equation, self.signatures))
        targets = tuple(self._result(trace, v, own[v]) if v in own else v for v in equation.targets)
        trace.equations.insert(before, replace(equation, targets=targets, rhs=replace(rhs, arguments=arguments)))

    def _real(self, atom: Atom) -> Atom:
        return self.reals[atom] if isinstance(atom, Var) and atom in self.affines else atom

    def _moved(self, atom: Atom, affine: Affine) -> Atom:
        return self.integers[atom] if isinstance(atom, Var) else constant_for(atom, affine)

    def _stream(self, var: Var) -> Quantised:
        return Quantised(_given(self.integers[var]), self.affines[var])

    def _taken(self, trace: Trace, atom: Atom, affine: Affine, equation: Equation, *, runs: bool) -> Atom:
        """An argument in the quantisation in which a network takes it."""
        if not isinstance(atom, Var):
            return constant_for(atom, affine)
        if self.affines.get(atom) == affine:
            return self.integers[atom]
        if (atom, affine) not in self.brought:
            name = trace.names.fresh(f"{atom.name}_integers")
            target = replace(integers_for(atom, affine, name), user=False)
            self.brought[atom, affine] = target
            if atom in self.affines:
                self._define(trace, target, lambda: requantise(self._stream(atom), affine).values.ir)
            else:
                self._define(trace, target, lambda: quantise(_given(atom), affine).values.ir)
                if runs:
                    reader = self._reader(equation)
                    self.crossings.append(Crossing(self.node.label, atom.name, "integers", reader, atom.span))
        return self.brought[atom, affine]

    def _result(self, trace: Trace, var: Var, affine: Affine) -> Var:
        """The target of an instance for its result ``var``, which is in the quantisation ``affine``."""
        if self.affines[var] == affine:
            return self.integers[var]
        target = replace(integers_for(var, affine, trace.names.fresh(f"{var.name}_result")), user=False)
        made = Quantised(_given(target), affine)
        self._define(trace, self.integers[var], lambda: requantise(made, self.affines[var]).values.ir)
        return target

    def _define(self, trace: Trace, target: Var, make: Callable[[], Value]) -> None:
        """Equations that compute ``target`` as ``make`` does."""
        start = len(trace.equations)
        atom = value_of(stream(make()), here()).atom
        assert atom is not None
        trace.equations.append(Equation((target,), Apply(Op.COPY, (atom,)), target.span))
        placed(trace, start, target, final=False)

    def _reader(self, equation: Equation) -> str:
        match equation.rhs:
            case Apply(op=op):
                return f"`{OPERATORS[op].symbol}`"
            case Call(node=name) | Iterate(node=name):
                return f"`{self.labels[name]}`"
            case _:
                return f"`{equation.targets[0].name}`"


def _given(var: Var) -> Stream[Any]:
    return stream(Value(var, ON_BASE, None))
