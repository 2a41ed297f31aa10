"""What a program learns: its parameters, and the program with other first values of them.

Rule: the names of parameters are unique in a program whose nodes are those that the main node needs; a parameter is
defined by ``w = i fby e``, a frozen one by ``w = i``, and its first value is ``i``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Equation, Fby, Node, Parameter, Program
from syncml.ir.operators import Op


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
            first = _first(equation) if equation.targets and equation.targets[0] in names else None
            if first is not None:
                found[names[equation.target]] = first
    return found


def _first(equation: Equation) -> Const | None:
    match equation.rhs:
        case Fby(init=init):
            return init
        case Apply(arguments=(Const() as value,)):
            return value
        case _:
            return None


def with_first_values(program: Program, values: Mapping[str, Const]) -> Program:
    """The program with ``values``, by name, as the first values of parameters; of the same types."""

    def changed(node: Node) -> Node:
        wanted = {p.var: values[p.name] for p in node.parameters if p.name in values}

        def equation(old: Equation) -> Equation:
            if not old.targets or old.targets[0] not in wanted:
                return old
            value = wanted[old.target]
            rhs = replace(old.rhs, init=value) if isinstance(old.rhs, Fby) else Apply(Op.COPY, (value,))
            return replace(old, rhs=rhs)

        return replace(node, equations=tuple(map(equation, node.equations))) if wanted else node

    return replace(program, nodes=tuple(map(changed, program.nodes)))
