"""Which streams around networks are integers.

Rule: between networks, and between a network and an input or output of its caller, numbers stay integers wherever they
are only *moved*: rearranged, delayed, sampled, held, merged or chosen between. Streams that are joined by moves have
one quantisation: that of the results of networks among them, else that which networks want of them. Real numbers are
the streams that an equation in floats computes, and the inputs that one reads; such an equation reads the real numbers
that the integers of a network's result stand for. Equations that only contracts need are in no code that runs, and do
not count.

A constant among what is moved has to be in the range of the integers, and to be exactly one of them where equations in
floats read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Buffer, Call, Equation, Fby, Iterate, Merge, Node, Var, When, atoms
from syncml.ir.operators import Op
from syncml.ir.types import F32, element
from syncml.nodes.quantised import Affine
from syncml.quantise.calibration import affine_over
from syncml.quantise.integers import Ports, Signature
from syncml.quantise.networks import VIEWS


def moved(equation: Equation) -> tuple[Atom, ...] | None:
    """The numbers that an equation moves to its target without computing with them; None if it computes."""
    rhs = equation.rhs
    match rhs:
        case Apply(op=op) if op in VIEWS or op in (Op.STACK, Op.CONCAT):
            return rhs.arguments
        case Apply(op=Op.WHERE):
            return rhs.arguments[1:]
        case Apply(op=Op.AT | Op.WINDOW):
            return rhs.arguments[:1]
        case Apply(op=Op.UPDATE):
            return rhs.arguments[:2]
        case Fby(init=init, following=following):
            return (following,) if init is None else (init, following)
        case When(source=source):
            return (source,)
        case Merge(branches=branches):
            return tuple(atom for _, atom in branches)
        case Buffer(source=source, init=init):
            return (*init, source)
        case _:
            return None


def ports(equation: Equation, signatures: Mapping[str, Signature]) -> tuple[tuple[Atom, Affine | None], ...]:
    """The arguments of an instance with what their integers stand for, None for real numbers; else none."""
    if not isinstance(equation.rhs, Call | Iterate):
        return ()
    arguments, found = equation.rhs.arguments, signatures.get(equation.rhs.node)
    return tuple(zip(arguments, (None,) * len(arguments) if found is None else found.inputs, strict=True))


def computed(equation: Equation, signatures: Mapping[str, Signature]) -> tuple[Atom, ...]:
    """What an equation that does not move integers reads as real numbers, or as what else it is."""
    if isinstance(equation.rhs, Call | Iterate):
        return (*equation.rhs.resets, *(a for a, affine in ports(equation, signatures) if affine is None))
    return atoms(equation.rhs)


def results(equation: Equation, signatures: Mapping[str, Signature]) -> Iterator[tuple[Var, Affine]]:
    """The results of an instance that are integers."""
    if isinstance(equation.rhs, Call | Iterate) and equation.rhs.node in signatures:
        for var, affine in zip(equation.targets, signatures[equation.rhs.node].outputs, strict=True):
            if affine is not None:
                yield var, affine


def needed(node: Node) -> tuple[Equation, ...]:
    """The equations that the outputs of a node need."""
    defining = {t: e for e in node.equations for t in e.targets}
    found: set[int] = set()
    waiting = list(node.outputs)
    while waiting:
        equation = defining.get(waiting.pop())
        if equation is not None and id(equation) not in found:
            found.add(id(equation))
            waiting += [a for a in atoms(equation.rhs) if isinstance(a, Var)]
    return tuple(e for e in node.equations if id(e) in found)


def integers_in(node: Node, signatures: Mapping[str, Signature], real_ports: Ports) -> Mapping[Var, Affine]:
    """The streams of a node that are integers, with what they stand for.

    Args:
        node: A node that calls networks.
        signatures: Of the nodes that have inputs or outputs of integers.
        real_ports: The inputs and outputs of ``node`` that stay real numbers.
    """
    return _Search(node, signatures, real_ports).run()


@dataclass(slots=True)
class _Search:
    """The search: all streams that might be integers, less those that cannot, until nothing changes."""

    node: Node
    signatures: Mapping[str, Signature]
    real_ports: Ports
    refused: set[Var] = field(default_factory=set[Var])

    def run(self) -> Mapping[Var, Affine]:
        made = dict(pair for e in self.node.equations for pair in results(e, self.signatures))
        parameters = {p.var for p in self.node.parameters}
        carriers = {
            e.target: atoms_
            for e in self.node.equations
            if len(e.targets) == 1 and element(e.target.type) is F32 and e.target not in parameters
            and (atoms_ := moved(e)) is not None
        }  # fmt: skip
        inputs = {
            v for i, v in enumerate(self.node.inputs) if i not in self.real_ports.inputs and element(v.type) is F32
        }
        while True:
            known = self._candidates(made, carriers, inputs)
            found: dict[Var, Affine] = {}
            before = len(self.refused)
            for group in _groups(known, carriers):
                affine = self._affine(group, made, carriers, inputs, known)
                if affine is not None:
                    found |= dict.fromkeys(group, affine)
            if len(self.refused) == before:
                return found

    def _candidates(
        self, made: Mapping[Var, Affine], carriers: Mapping[Var, tuple[Atom, ...]], inputs: set[Var]
    ) -> set[Var]:
        """The results of networks, the inputs, and what moves them and nothing else, for all that is known yet."""
        known = {*made, *inputs, *carriers} - self.refused
        while True:
            less = {
                v for v in known & carriers.keys() if any(isinstance(a, Var) and a not in known for a in carriers[v])
            }
            if not less:
                return known
            known -= less

    def _affine(
        self,
        group: set[Var],
        made: Mapping[Var, Affine],
        carriers: Mapping[Var, tuple[Atom, ...]],
        inputs: set[Var],
        known: set[Var],
    ) -> Affine | None:
        """What the integers of ``group`` stand for; None where some of its streams are refused."""
        sources = [made[v] for v in group if v in made]
        wanted = [a for e in self.node.equations for v, a in ports(e, self.signatures) if a is not None and v in group]
        taken = inputs & group
        if not sources and not wanted:
            self.refused |= taken | (group & carriers.keys())
            return None
        affine = _common([*sources, *(wanted if taken or not sources else ())])
        if self._is_read_as_real(group, known):
            joins = {v for v in group if v in carriers and len({a for a in carriers[v] if isinstance(a, Var)}) > 1}
            if taken:
                self.refused |= taken
                return None
            if len(set(sources)) > 1 and joins:
                self.refused |= joins
                return None
            bad = {v for v in group if v in carriers and not all(_is_one_of(a, affine) for a in carriers[v])}
        else:
            bad = {v for v in group if v in carriers and not all(_is_in_range(a, affine) for a in carriers[v])}
        self.refused |= bad
        return None if bad else affine

    def _is_read_as_real(self, group: set[Var], known: set[Var]) -> bool:
        """Whether an equation that runs, or an output, reads a stream of ``group`` as a real number."""
        for equation in needed(self.node):
            moves = len(equation.targets) == 1 and equation.target in known and moved(equation) is not None
            if not moves and any(a in group for a in computed(equation, self.signatures)):
                return True
        return any(v in group for i, v in enumerate(self.node.outputs) if i in self.real_ports.outputs)


def _groups(known: set[Var], carriers: Mapping[Var, tuple[Atom, ...]]) -> list[set[Var]]:
    """The streams that are joined by moves."""
    of: dict[Var, set[Var]] = {v: {v} for v in known}
    for var in known & carriers.keys():
        for atom in carriers[var]:
            if isinstance(atom, Var) and of[atom] is not of[var]:
                joined = of[atom] | of[var]
                for member in joined:
                    of[member] = joined
    return list({id(group): group for group in of.values()}.values())


def _common(affines: list[Affine]) -> Affine:
    """One quantisation for the numbers of several."""
    first = affines[0]
    if all(a == first for a in affines):
        return first
    low = min(a.scale * (a.low - a.zero_point) for a in affines)
    high = max(a.scale * (a.high - a.zero_point) for a in affines)
    return affine_over(low, high, first.bits)


def _is_in_range(atom: Atom, affine: Affine) -> bool:
    if isinstance(atom, Var):
        return True
    numbers = _numbers(atom)
    low, high = (affine.scale * (q - affine.zero_point) for q in (affine.low - 0.5, affine.high + 0.5))
    return bool(((low <= numbers) & (numbers <= high)).all())


def _is_one_of(atom: Atom, affine: Affine) -> bool:
    if isinstance(atom, Var):
        return True
    numbers = _numbers(atom)
    return bool((affine.scale * (affine.quantised(numbers) - affine.zero_point) == numbers).all())


def _numbers(value: Const) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(value.machine(), dtype=np.float64)
