"""Opening: the main node as one flat node, with a contract in place of the body of each abstract node.

Rule: for ``(t1, ..) = f(a1, ..) :: ck`` with ``f`` abstract, each ``ti`` becomes an input of the main node, each
`ensure` of ``f`` an assumption about it that binds as long as its requirements are kept, and each `require` of ``f``
an obligation. All other calls are inlined; the main node's own `require` clauses are assumptions. Every run of the
program is a run of the opened program, so what is proved of that holds for every body that meets the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from syncml.diagnostics.model import Diagnostic, error
from syncml.ir.clocks import conditions
from syncml.ir.equations.checkpointed import taped
from syncml.ir.equations.inline import inline
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import (
    Apply,
    Call,
    Equation,
    Fby,
    Iterate,
    Node,
    Program,
    PropertyKind,
    Var,
    atoms,
    resets,
)
from syncml.ir.graphs import components
from syncml.ir.operators import Op
from syncml.verify.promises import KEPT, as_assumptions


def abstract_nodes(program: Program, chosen: frozenset[str] = frozenset()) -> tuple[Node, ...]:
    """The called nodes that are declared abstract, or whose name or label is in ``chosen``."""
    return tuple(
        n for n in program.nodes
        if n.name != program.main and (n.abstract or n.name in chosen or n.label in chosen)
    )  # fmt: skip


def callees(program: Program, name: str) -> set[str]:
    """The names of the nodes that a node calls, itself or through others."""
    called, pending = set[str](), [name]
    while pending:
        for equation in program.node(pending.pop()).equations:
            if isinstance(equation.rhs, Call | Iterate) and equation.rhs.node not in called:
                called.add(equation.rhs.node)
                pending.append(equation.rhs.node)
    return called


def concretised(program: Program, chosen: Iterable[str]) -> Program:
    """The program in which nodes of these names or labels are not abstract: their bodies count."""
    wanted = frozenset(chosen)
    nodes = (replace(n, abstract=False) if wanted & {n.name, n.label} else n for n in program.nodes)
    return replace(program, nodes=tuple(nodes))


def unknown_nodes(program: Program, chosen: Iterable[str]) -> list[Diagnostic]:
    """A fault (U001) for each of ``chosen`` that is no name or label of a node."""
    nodes = {n.name for n in program.nodes} | {n.label for n in program.nodes}
    return [
        error("U001", f"there is no node {name!r} to leave abstract", help=f"the nodes are {', '.join(sorted(nodes))}")
        for name in chosen
        if name not in nodes
    ]


def opened(program: Program, chosen: frozenset[str] = frozenset()) -> Program:
    """The opened main node of a clocked program, as a program of one node without calls.

    Args:
        program: Clocked equations that passed the checks.
        chosen: Names or labels of nodes to leave abstract besides those declared so.
    """
    return opening(program, chosen)[0]


def opening(
    program: Program, chosen: frozenset[str] = frozenset(), *, lemmas: bool = False
) -> tuple[Program, tuple[Equation, ...]]:
    """What `opened` yields, and the calls that it opens, by the paths of their instances.

    Args:
        program: As of `opened`.
        chosen: As of `opened`.
        lemmas: Whether the node states of each instance that its requirements were kept so far.
    """
    keep = frozenset(n.name for n in abstract_nodes(program, chosen))
    main = program.node(program.main)
    own = tuple(replace(p, kind=PropertyKind.ASSUME) if p.kind is PropertyKind.REQUIRE else p for p in main.properties)
    nodes = tuple(replace(n, properties=own) if n is main else n for n in program.nodes)
    current = inline(lower_segments(taped(Program(nodes, program.main))), keep)
    calls: list[Equation] = []
    while found := [e for e in current.node(current.main).equations if isinstance(e.rhs, Call)]:
        # A clause of a contract may itself call an abstract node, so this repeats until no call is left.
        calls += found
        current = inline(_with_contracts(current, lemmas), keep)
    flat = current.node(current.main)
    return Program((_in_order(flat, calls) if lemmas else flat,), current.main), tuple(calls)


def restricted(program: Program, promises: Mapping[str, frozenset[str]]) -> Program:
    """The program in which the nodes that ``promises`` names are abstract, and promise the clauses of these names only.

    Args:
        program: Clocked equations that passed the checks.
        promises: For each node, by its name, the names of the `ensure` clauses that may be relied on.
    """
    nodes = tuple(
        n if n.name not in promises else replace(n, abstract=True, properties=tuple(
            p for p in n.properties if p.kind is not PropertyKind.ENSURE or p.name in promises[n.name]
        )) for n in program.nodes
    )  # fmt: skip
    return replace(program, nodes=nodes)


def _with_contracts(program: Program, lemmas: bool) -> Program:
    """Turn the targets of the main node's calls into inputs, and each call into one of the callee's contract."""
    main = program.node(program.main)
    equations: list[Equation] = []
    inputs = list(main.inputs)
    contracts: dict[str, Node] = {}
    for equation in main.equations:
        if not isinstance(equation.rhs, Call):
            equations.append(equation)
            continue
        call, callee = equation.rhs, program.node(equation.rhs.node)
        name = f"{callee.name}.contract"
        contracts[name] = _contract(callee, name, lemmas)
        actual = dict(zip(callee.inputs, call.arguments, strict=True))
        for formal, target in zip(callee.outputs, equation.targets, strict=True):
            if formal in actual:
                equations.append(replace(equation, targets=(target,), rhs=Apply(Op.COPY, (actual[formal],))))
            else:
                inputs.append(target)
                actual[formal] = target
        arguments = tuple(actual[v] for v in contracts[name].inputs)
        equations.append(replace(equation, targets=(), rhs=Call(name, arguments, call.instance, call.resets)))
    opened_main = replace(main, inputs=tuple(inputs), equations=tuple(equations))
    others = tuple(n for n in program.nodes if n.name != program.main)
    return Program((*others, *contracts.values(), opened_main), program.main)


def _contract(callee: Node, name: str, lemmas: bool) -> Node:
    """A node that reads the inputs and outputs of ``callee`` and states what its contract says about them."""
    inputs = tuple(dict.fromkeys((*callee.inputs, *callee.outputs)))
    kept = (PropertyKind.ASSUME, PropertyKind.REQUIRE, PropertyKind.ENSURE)
    properties = [p for p in callee.properties if not p.instance and p.kind in kept]
    equations = _slice(callee, inputs, [*(p.holds for p in properties), *_conditions(callee, inputs)])
    defined = {*inputs, *(t for e in equations for t in e.targets)}
    clocks = MappingProxyType({v: c for v, c in callee.clocks.items() if v in defined})
    stated = replace(
        callee, name=name, inputs=inputs, outputs=(), equations=equations, properties=tuple(properties), clocks=clocks,
        abstract=False,
    )  # fmt: skip
    return as_assumptions(stated, lemmas=lemmas)


def _in_order(flat: Node, calls: Sequence[Equation]) -> Node:
    """The clauses in the order in which they may be proved within an instant: what an instance requires comes first."""
    streams = [*flat.inputs, *(t for e in flat.equations for t in e.targets)]
    number = {v: i for i, v in enumerate(streams)}
    needs: list[tuple[int, ...]] = [()] * len(streams)
    for equation in flat.equations:
        read = resets(equation.rhs) if isinstance(equation.rhs, Fby) else atoms(equation.rhs)
        for target in equation.targets:
            needs[number[target]] = tuple(number[a] for a in read if isinstance(a, Var))
    kept = {p.instance: number[p.holds] for p in flat.properties if p.name == KEPT}
    for call in calls:
        assert isinstance(call.rhs, Call)
        if call.rhs.instance in kept:
            for target in call.targets:
                needs[number[target]] = (*needs[number[target]], kept[call.rhs.instance])
    position = {n: i for i, component in enumerate(components(needs)) for n in component}
    return replace(flat, properties=tuple(sorted(flat.properties, key=lambda p: position[number[p.holds]])))


def _slice(callee: Node, given: Sequence[Var], wanted: Sequence[Var]) -> tuple[Equation, ...]:
    """The equations that ``wanted`` depends on, up to the ``given`` variables."""
    definition = {t: e for e in callee.equations for t in e.targets}
    needed: dict[int, Equation] = {}
    seen = set(given)
    pending = list(wanted)
    while pending:
        var = pending.pop()
        if var in seen:
            continue
        seen.add(var)
        equation = definition[var]
        needed[id(equation)] = equation
        pending += [a for a in atoms(equation.rhs) if isinstance(a, Var)]
        pending += [v for t in equation.targets for v in conditions(callee.clocks[t])]
    return tuple(e for e in callee.equations if id(e) in needed)


def _conditions(callee: Node, inputs: Sequence[Var]) -> list[Var]:
    return [v for i in inputs for v in conditions(callee.clocks[i])]
