"""Real numbers that a network computes of constants alone, as constants.

Rule: an equation in ``f32`` that reads nothing but constants is computed once, by the interpreter's operators, and its
value takes the place of the stream. What a network multiplies by may so be a constant that was rearranged.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from syncml.ir.constants import Array, Const
from syncml.ir.equations.rewrite import rewritten
from syncml.ir.equations.syntax import Apply, Atom, Equation, Node, Program, Var
from syncml.ir.types import F32, element, shape
from syncml.sim.evaluate import evaluate


def with_constants(program: Program) -> Program:
    """The program without equations in ``f32`` that read constants alone, but for those of outputs."""
    return replace(program, nodes=tuple(map(_of_node, program.nodes)))


def _of_node(node: Node) -> Node:
    known: dict[Var, Const] = {}
    equations = node.equations

    def atom(given: Atom) -> Atom:
        return known.get(given, given) if isinstance(given, Var) else given

    while True:
        before = len(known)
        equations = tuple(replace(e, rhs=rewritten(e.rhs, atom, lambda v: v)) for e in equations)
        known |= {e.target: value for e in equations
                  if len(e.targets) == 1 and e.target not in known and (value := _value(e)) is not None}  # fmt: skip
        if len(known) == before:
            break
    dropped = known.keys() - {*node.outputs, *(p.var for p in node.parameters)}
    return replace(node, equations=tuple(e for e in equations if len(e.targets) != 1 or e.target not in dropped))


def _value(equation: Equation) -> Const | None:
    """What an equation computes of constants alone."""
    rhs, kind = equation.rhs, equation.targets[0].type
    if not isinstance(rhs, Apply) or element(kind) is not F32 or any(isinstance(a, Var) for a in rhs.arguments):
        return None
    constants = [a for a in rhs.arguments if isinstance(a, Const)]
    values, types = tuple(a.machine() for a in constants), tuple(a.type for a in constants)
    found = np.asarray(evaluate(rhs.op, values, rhs.attribute, types, kind))
    return Const(Array.of(found, F32) if shape(kind) else float(found), F32, constants[0].name or equation.target.name)
