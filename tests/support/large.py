"""Large programs as equations, and every analysis.

Three shapes: one flat node at five rates, one long chain closed by a delay, many calls of a small node with feedback
around each pair of them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from syncml.ir.clocks import word
from syncml.ir.equations.check import check_program
from syncml.ir.equations.dependencies import calls_to_inline
from syncml.ir.equations.pretty import print_program
from syncml.ir.equations.syntax import Fby, Merge, Node, Program, Var
from syncml.ir.operators import Op
from syncml.ir.types import F32
from syncml.verify.causality import check_causality
from syncml.verify.initialisation import check_initialisation
from tests.support.ir import NodeBuilder, const

ZERO = const(0.0, F32)
ONE = const(1.0, F32)


def rates(equations: int) -> Program:
    """A flat node whose streams are sampled at five rates and held again."""
    b = NodeBuilder("rates", Fraction(1000))
    x: Var = b.input("x", F32)
    waves = [b.wave(word((), (1,) + (0,) * (n - 1))) for n in (2, 10, 50, 1000)]
    while len(b.equations) < equations:
        wave = waves[len(b.equations) % 4]
        held = b.declare(f"h{len(b.equations)}", F32)
        slow = b.op(Op.MUL, b.when(x, wave), ONE)
        memory = b.when(b.fby(ZERO, held), wave, False)
        b.define(held, Merge(wave, ((True, slow), (False, memory))))
        x = b.op(Op.ADD, held, x)
    return Program((b.node([x]),), "rates")


def loop(equations: int) -> Program:
    """One long chain of sums, closed by a single delay."""
    b = NodeBuilder("loop")
    first = b.declare("first", F32)
    x: Var = first
    while len(b.equations) < equations - 1:
        x = b.op(Op.ADD, x, ONE)
    b.define(first, Fby(ZERO, x))
    return Program((b.node([x]),), "loop")


def calls(equations: int) -> Program:
    """Nodes of ten equations, each with a direct and a delayed output, in feedback loops of pairs."""
    nodes: list[Node] = []
    b = NodeBuilder("leaf")
    u, v = b.input("u", F32), b.input("v", F32)
    x: Var = u
    for _ in range(8):
        x = b.op(Op.ADD, x, ONE)
    delayed = b.fby(ZERO, v)
    nodes.append(b.node([x, delayed]))
    top = NodeBuilder("top")
    y = top.input("y", F32)
    while len(top.equations) < equations:
        (_, back) = top.call(nodes[0], y, y)
        y, _ = top.call(nodes[0], back, y)
    nodes.append(top.node([y]))
    return Program(tuple(nodes), "top")


ANALYSES: tuple[tuple[str, Callable[[Program], object]], ...] = (
    ("well-formedness", check_program),
    ("causality", check_causality),
    ("initialisation", check_initialisation),
    ("calls to inline", calls_to_inline),
    ("printing", print_program),
)
