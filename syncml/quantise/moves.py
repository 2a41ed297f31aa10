"""Which streams around networks are integers.

Rule: between networks, and between a network and an input or output of its caller, numbers stay integers wherever they
are only *moved*: rearranged, delayed, sampled, held, merged or chosen between. Streams that are joined by moves have
one quantisation, for the range of all that comes in: results of networks, and inputs as they were recorded. Real
numbers are the streams that an equation in floats computes, and the inputs that one reads, or that the caller gives as
such: of these integers are made once, where they come in. An equation in floats reads the real numbers that the
integers of a network's result stand for. Equations that only contracts need are in no code that runs, and do not count.

A constant among what is moved has to be in the range of the integers, and to be exactly one of them where equations in
floats read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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


@dataclass(frozen=True, slots=True)
class Moves:
    """The streams of a node that are integers, with what they stand for.

    Of ``real_inputs`` the node is given real numbers, and makes the integers itself.
    """

    affines: Mapping[Var, Affine]
    real_inputs: frozenset[Var]


def integers_in(
    node: Node, signatures: Mapping[str, Signature], real_ports: Ports, recorded: Callable[[int], Affine | None]
) -> Moves:
    """The streams of a node that are integers.

    Args:
        node: A node that calls networks.
        signatures: Of the nodes that have inputs or outputs of integers.
        real_ports: The inputs and outputs of ``node`` that stay real numbers.
        recorded: For the place of an input the quantisation by its range; None if it was 0 throughout.
    """
    made = dict(pair for e in node.equations for pair in results(e, signatures))
    parameters = {p.var for p in node.parameters}
    carriers = {
        e.target: atoms_
        for e in node.equations
        if len(e.targets) == 1 and element(e.target.type) is F32 and e.target not in parameters
        and (atoms_ := moved(e)) is not None
    }  # fmt: skip
    inputs = {v: i for i, v in enumerate(node.inputs) if element(v.type) is F32}
    return _Search(node, signatures, real_ports, recorded, made, carriers, inputs).run()


@dataclass(slots=True)
class _Search:
    """The search: all streams that might be integers, less those that cannot, until nothing changes.

    Attributes:
        made: The results of networks.
        carriers: What is moved to a stream.
        inputs: The inputs that are real numbers, with their places.
        refused: The streams that cannot.
    """

    node: Node
    signatures: Mapping[str, Signature]
    real_ports: Ports
    recorded: Callable[[int], Affine | None]
    made: Mapping[Var, Affine]
    carriers: Mapping[Var, tuple[Atom, ...]]
    inputs: Mapping[Var, int]
    refused: set[Var] = field(default_factory=set[Var])

    def run(self) -> Moves:
        while True:
            known = self._candidates()
            read = self._read_as_real(known)
            found: dict[Var, Affine] = {}
            before = len(self.refused)
            for group in _groups(known, self.carriers):
                affine = self._affine(group, read)
                if affine is not None:
                    found |= dict.fromkeys(group, affine)
            if len(self.refused) == before:
                return Moves(found, frozenset(v for v in self.inputs if v in found and self._is_real(v, read)))

    def _candidates(self) -> set[Var]:
        """The results of networks, the inputs, and what moves them and nothing else, for all that is known yet."""
        known = {*self.made, *self.inputs, *self.carriers} - self.refused
        while True:
            less = {
                v
                for v in known & self.carriers.keys()
                if any(isinstance(a, Var) and a not in known for a in self.carriers[v])
            }
            if not less:
                return known
            known -= less

    def _read_as_real(self, known: set[Var]) -> set[Var]:
        """The streams that an equation that runs, or an output, reads as real numbers."""
        found = {v for i, v in enumerate(self.node.outputs) if i in self.real_ports.outputs}
        for equation in needed(self.node):
            moves = len(equation.targets) == 1 and equation.target in known and moved(equation) is not None
            if not moves:
                found |= {a for a in computed(equation, self.signatures) if isinstance(a, Var)}
        return found

    def _affine(self, group: set[Var], read: set[Var]) -> Affine | None:
        """What the integers of ``group`` stand for; None where some of its streams are refused."""
        sources = [self.made[v] for v in group if v in self.made]
        wanted = [a for e in self.node.equations for v, a in ports(e, self.signatures) if a is not None and v in group]
        taken = self.inputs.keys() & group
        # What moves an input is the input itself for whoever reads real numbers, and no integer's number.
        refused = read & self._from(taken, group)
        real = {v for v in taken if self._is_real(v, read)}
        given = [affine for v in taken if (affine := self.recorded(self.inputs[v])) is not None]
        if not sources and not wanted:
            refused |= taken | (group & self.carriers.keys())
        self.refused |= refused
        if refused:
            return None
        affine = _common([*sources, *given] or wanted)
        if real and (group == real or any(a != affine for a in wanted)):
            # Each network makes its own integers of the real numbers.
            self.refused |= real
            return None
        of_networks = [v for v in group if v in self.carriers]
        if read & (group - taken):
            if len(set(sources)) > 1:
                refused |= {v for v in of_networks if len({a for a in self.carriers[v] if isinstance(a, Var)}) > 1}
            refused |= {v for v in of_networks if not all(_is_one_of(a, affine) for a in self.carriers[v])}
        else:
            refused |= {v for v in of_networks if not all(_is_in_range(a, affine) for a in self.carriers[v])}
        self.refused |= refused
        return None if refused else affine

    def _is_real(self, var: Var, read: set[Var]) -> bool:
        """Whether an input stays a real number."""
        return var in read or self.inputs[var] in self.real_ports.inputs

    def _from(self, taken: set[Var], group: set[Var]) -> set[Var]:
        """The streams of ``group`` that move something of ``taken``."""
        found = set(taken)
        while True:
            more = {v for v in group & self.carriers.keys() if v not in found and found.intersection(self.carriers[v])}
            if not more:
                return found - taken
            found |= more


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
