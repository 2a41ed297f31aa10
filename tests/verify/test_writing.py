"""Systems written as text against those that the solver's own terms make."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from syncml.clock_calculus import infer_clocks
from syncml.ir.equations.syntax import Atom, Fby, Node, Program, Property, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, Scalar, Type
from syncml.verify.translate import translate
from syncml.verify.writing import written_translation
from tests.sim.test_exact import OPERATORS
from tests.support.ir import NodeBuilder, const
from tests.verify.test_states import equal

NUMBERS: dict[Scalar, tuple[Any, ...]] = {
    BOOL: (False, True),
    Scalar.INT: (0, 1, -1, 7, -7),
    Scalar.REAL: tuple(map(Fraction, ("0", "1", "-1", "1/3", "-7/2"))),
}


@pytest.mark.parametrize("seed", range(30))
def test_both_translations_say_the_same_of_numbers(seed: int) -> None:
    """Of random nodes on truth values and mathematical numbers, with products and quotients by constants."""
    source = random.Random(seed)
    b = NodeBuilder("top")
    known: dict[Type, list[Var]] = {k: [b.input(f"{k}_in", k)] for k in NUMBERS}
    registers = [(k, b.declare(f"{k}_memory{i}", k)) for k in NUMBERS for i in range(2)]
    for kind, var in registers:
        known[kind].append(var)
    for _ in range(30):
        op, types, result = source.choice(OPERATORS)
        operands: list[Atom] = [source.choice((*known[t], const(source.choice(NUMBERS[t]), t))) for t in types]
        if op in (Op.MUL, Op.DIV, Op.FLOORDIV, Op.MOD):
            operands[1] = const(source.choice(NUMBERS[types[-1]][1:]), types[-1])
        known[result].append(b.op(op, *operands, attribute=result if op is Op.CAST else None))
    for kind, var in registers:
        resets = (known[BOOL][0],) if source.random() < 0.3 else ()
        # What stands for a first value that there is none of is counted among all inputs of the node.
        first = None if not resets and source.random() < 0.2 else const(source.choice(NUMBERS[kind]), kind)
        b.define(var, Fby(first, source.choice(known[kind]), resets))
    node = infer_clocks(Program((b.node([known[BOOL][-1]]),), "top")).nodes[0]
    made = written_translation(claimed(node))
    assert made is not None
    assert made.system.goals
    equal(made.system, translate(claimed(node), wrapping=False, bounded=True).system)


def claimed(node: Node) -> Node:
    """The node with a promise for each truth value."""
    truths = [v for v in node.clocks if v.type is BOOL]
    return replace(node, properties=tuple(Property(PropertyKind.ENSURE, v.name, v, v.span) for v in truths))


@pytest.mark.parametrize(
    ("op", "kind", "by"), [(Op.MUL, Scalar.INT, None), (Op.DIV, Scalar.REAL, None), (Op.MOD, Scalar.INT, 0)]
)
def test_products_of_unknowns_and_divisions_by_zero_are_left_to_the_solver(
    op: Op, kind: Scalar, by: int | None
) -> None:
    b = NodeBuilder("top")
    x, y = b.input("x", kind), b.input("y", kind)
    z = b.op(op, x, y if by is None else const(by, kind))
    node = infer_clocks(Program((b.node([b.op(Op.GT, z, const(0, kind))]),), "top")).nodes[0]
    assert written_translation(claimed(node)) is None
