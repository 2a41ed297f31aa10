"""Unknown words: systems of buffers and equal clocks, solved for periodic words.

    system ::= constraint*      constraint ::= side <: side | side = side      side ::= c on p | p

An unknown c is a word over one base, p a word of natural numbers (a letter n stands for n values in one instant). Rule:
c solves the system iff both sides of each constraint have one rate and the writer precedes the reader. A solution is
sought among the words whose period has the least numbers of ones that balance:

    rate      ones(c) * rate(p) is the same on both sides: a repetition vector, or there is no solution
    order     I_c(I_p(j)) <= I_d(I_q(j + k)) for each value j of a buffer from c on p to d on q with k first values
    period    I_c(j + ones(c)) = I_c(j) + H, with one length H for all unknowns that are connected
    burst     I_c(j + b) >= I_c(j) + 1, b being the most activations of one instant

For one H these are differences of two unknowns, so a longest path decides them; the least H follows by bisection. The
dataflow graphs of the CSDF family are such systems: actors are unknowns, phases are words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm
from types import MappingProxyType

from syncml.dataclass import dataclass
from syncml.ir.clocks import ALWAYS, Word

BASE_CLOCK = ""
"""The name of the base in a `Side` that has no unknown."""


@dataclass(frozen=True, slots=True)
class Side:
    """``unknown on word``; the word alone where the unknown is `BASE_CLOCK`."""

    unknown: str
    word: Word = ALWAYS


@dataclass(frozen=True, slots=True)
class Constraint:
    """``writer <: reader``, a buffer with ``initial`` values in it at first; an equation where ``equal``."""

    writer: Side
    reader: Side
    initial: int = 0
    equal: bool = False


class NoSolutionError(Exception):
    """A system has no solution of the form that is sought.

    ``constraints`` are those that contradict each other, as far as that is known; ``rates`` tells whether their rates
    do, so that there is no solution at all.
    """

    def __init__(self, message: str, constraints: tuple[Constraint, ...], *, rates: bool) -> None:
        super().__init__(message)
        self.constraints = constraints
        self.rates = rates


Balance = Mapping[str, int]
"""For each unknown the number of its ones in one period of the system."""


def repetition_vector(constraints: Iterable[Constraint]) -> Balance:
    """The least numbers of activations after which every buffer holds as many values as before.

    An unknown with a word of n letters is activated a multiple of n times, so that the word is back at its start.

    Raises:
        NoSolutionError: the rates contradict each other.
    """
    system = tuple(constraints)
    neighbours: dict[str, list[tuple[str, Fraction, Constraint]]] = {}
    for constraint in system:
        left, right = constraint.writer, constraint.reader
        neighbours.setdefault(left.unknown, [])
        neighbours.setdefault(right.unknown, [])
        rates = left.word.rate, right.word.rate
        if not rates[0] or not rates[1]:
            if rates[0] != rates[1]:
                raise _unbalanced((constraint,))
            continue
        neighbours[left.unknown].append((right.unknown, rates[0] / rates[1], constraint))
        neighbours[right.unknown].append((left.unknown, rates[1] / rates[0], constraint))
    result: dict[str, int] = {}
    for start in neighbours:
        if start not in result:
            shares = _shares(start, neighbours)
            result |= _least_integers(shares, system)
    return MappingProxyType(result)


def _shares(start: str, neighbours: Mapping[str, Sequence[tuple[str, Fraction, Constraint]]]) -> dict[str, Fraction]:
    """The activations of everything connected to ``start``, relative to its own."""
    shares = {start: Fraction(1)}
    reasons: dict[str, tuple[str, Constraint]] = {}
    queue = [start]
    for name in queue:
        for other, factor, constraint in neighbours[name]:
            wanted = shares[name] * factor
            if other not in shares:
                shares[other] = wanted
                reasons[other] = name, constraint
                queue.append(other)
            elif shares[other] != wanted:
                raise _unbalanced((constraint, *_way(name, reasons), *_way(other, reasons)))
    return shares


def _way(name: str, reasons: Mapping[str, tuple[str, Constraint]]) -> list[Constraint]:
    found: list[Constraint] = []
    while name in reasons:
        name, constraint = reasons[name]
        found.append(constraint)
    return found


def _unbalanced(constraints: tuple[Constraint, ...]) -> NoSolutionError:
    return NoSolutionError("the rates contradict each other", tuple(dict.fromkeys(constraints)), rates=True)


def _least_integers(shares: Mapping[str, Fraction], system: Sequence[Constraint]) -> dict[str, int]:
    lengths = dict.fromkeys(shares, 1)
    for side in (side for c in system for side in (c.writer, c.reader)):
        if side.unknown in lengths:
            lengths[side.unknown] = lcm(lengths[side.unknown], len(side.word.period))
    # The least s with s * share a multiple of each length.
    needed = [Fraction(lengths[name]) / share for name, share in shares.items()]
    scale = Fraction(lcm(*(f.numerator for f in needed)), gcd(*(f.denominator for f in needed)))
    return {name: int(scale * share) for name, share in shares.items()}
