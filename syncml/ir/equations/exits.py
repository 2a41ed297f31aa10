"""What is taken of a segment at its end.

Rule: ``x when last`` is the last value of x, ``pack x`` all of them. Where nothing reads more of a pack than its first
element, the first value of x is all that is taken, and the others are not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Apply, Equation, Node, Pack, Segment, Var, When, atoms
from syncml.ir.operators import Op


@dataclass(frozen=True, slots=True)
class Exits:
    """The equations that take something at the end of a segment.

    ``firsts`` are, for each pack of which only the first element is read, the equations that read it.
    """

    ends: tuple[Equation, ...]
    packs: tuple[Equation, ...]
    firsts: Mapping[Var, tuple[Equation, ...]]

    @property
    def all(self) -> tuple[Equation, ...]:
        """Those that take a value themselves."""
        return (*self.ends, *self.packs)


def exits_of(node: Node, segment: Segment, ahead: Collection[Var]) -> Exits:
    """What is taken of the streams ``ahead`` and packed of others."""
    ends: list[Equation] = []
    packs: list[Equation] = []
    for equation in node.equations:
        rhs = equation.rhs
        if isinstance(rhs, Pack) and rhs.segment == segment:
            packs.append(equation)
        elif isinstance(rhs, When) and rhs.condition is segment.last and rhs.source in ahead:
            # What is ahead itself is sampled within a longer segment, at the ends of those in it.
            ends += [equation] if equation.target not in ahead else []
    taken = {e.target for e in packs if isinstance(e.rhs, Pack) and e.rhs.source in ahead}
    readers: dict[Var, list[Equation]] = {}
    for equation in node.equations if taken else ():
        for atom in atoms(equation.rhs):
            if isinstance(atom, Var) and atom in taken:
                readers.setdefault(atom, []).append(equation)
    shown = {*node.outputs, *(p.holds for p in node.properties)}
    firsts = {v: tuple(readers[v]) for v in taken if v not in shown and v in readers and all(map(_first, readers[v]))}
    return Exits(tuple(ends), tuple(packs), firsts)


def _first(equation: Equation) -> bool:
    """Whether an equation reads the first element of its argument."""
    rhs = equation.rhs
    if not isinstance(rhs, Apply) or rhs.op is not Op.INDEX or not isinstance(rhs.attribute, tuple):
        return False
    return bool(rhs.attribute) and rhs.attribute[0] == 0
