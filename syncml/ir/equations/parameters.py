"""What a program learns: its parameters, and the program with other first values of them.

Rule: the names of parameters are unique in a program whose nodes are those that the main node needs; a parameter is
defined by ``w = i fby e``, and its first value is ``i``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Equation, Fby, Node, Parameter, Program


def parameters_of(program: Program) -> tuple[Parameter, ...]:
    """The parameters of all nodes, sorted by name."""
    found = [parameter for node in program.nodes for parameter in node.parameters]
    return tuple(sorted(found, key=lambda parameter: parameter.name))


def first_values(program: Program) -> dict[str, Const]:
    """The first value of each parameter, by name."""
    found: dict[str, Const] = {}
    for node in program.nodes:
        names = {parameter.var: parameter.name for parameter in node.parameters}
        for equation in node.equations:
            rhs = equation.rhs
            if isinstance(rhs, Fby) and rhs.init is not None and equation.target in names:
                found[names[equation.target]] = rhs.init
    return found


def with_first_values(program: Program, values: Mapping[str, Const]) -> Program:
    """The program with ``values``, by name, as the first values of parameters; of the same types."""

    def changed(node: Node) -> Node:
        wanted = {p.var: values[p.name] for p in node.parameters if p.name in values}

        def equation(old: Equation) -> Equation:
            if not isinstance(old.rhs, Fby) or old.target not in wanted:
                return old
            return replace(old, rhs=replace(old.rhs, init=wanted[old.target]))

        return replace(node, equations=tuple(map(equation, node.equations))) if wanted else node

    return replace(program, nodes=tuple(map(changed, program.nodes)))
