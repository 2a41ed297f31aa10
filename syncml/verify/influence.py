"""Influence: state that no output and no contract depends on.

Rule: a stream influences what reads its value, at this instant or a later one, and what is present by its truth. State
is needed if it influences an output of the main node or a clause of a contract. Where the main node with all calls
inlined has streams that influence neither, the last of them are reported, if they hang on state: they cost memory and
time in a simulation, exported C leaves them out, and more often than not something was meant to read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syncml.diagnostics.model import Diagnostic, Label, Severity
from syncml.ir.clocks import conditions
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import Equation, Fby, Node, Program, Var, atoms
from syncml.ir.graphs import components


def without_influence(program: Program) -> tuple[Diagnostic, ...]:
    """A warning (V006) for each line whose state influences nothing, in whatever instance, in the order of the source.

    Args:
        program: Clocked equations that passed the checks.
    """
    flat = inline(program).node(program.main)
    needed = _reached((*flat.outputs, *(p.holds for p in flat.properties)), flat)
    idle = [e for e in flat.equations if not needed.intersection(e.targets)]
    # A line is idle only if it is in each instance; a result that a caller ignores is the caller's choice.
    used = {e.span for e in flat.equations if needed.intersection(e.targets)}
    used |= {v.span for n in program.nodes if n.name != program.main for v in n.outputs}
    found = {e.span: e for e in _last(idle) if e.span not in used}
    return tuple(sorted((_warning(e) for e in found.values()), key=lambda d: d.sort_key))


def _reads(equation: Equation) -> list[Var]:
    read = [a for a in atoms(equation.rhs) if isinstance(a, Var)]
    return read + (conditions(equation.clock) if equation.clock is not None else [])


def _reached(start: Iterable[Var], node: Node) -> set[Var]:
    """All streams that ``start`` depend on, at any instant."""
    definitions = {target: e for e in node.equations for target in e.targets}
    reached = set(start)
    pending = list(reached)
    while pending:
        definition = definitions.get(pending.pop())
        for var in () if definition is None else _reads(definition):
            if var not in reached:
                reached.add(var)
                pending.append(var)
    return reached


def _last(idle: Sequence[Equation]) -> list[Equation]:
    """Of each group that hangs on idle state and that nothing outside of it reads, the first that the user named."""
    numbers = {target: i for i, e in enumerate(idle) for target in e.targets}
    reads = [[numbers[v] for v in _reads(e) if v in numbers] for e in idle]
    groups = components(reads)
    read_by_others: set[int] = set()
    on_state: set[int] = set()
    # Each group comes after what it reads.
    for group in groups:
        outside = {r for i in group for r in reads[i]}.difference(group)
        read_by_others |= outside
        if outside & on_state or any(isinstance(idle[i].rhs, Fby) for i in group):
            on_state.update(group)
    result: list[Equation] = []
    for group in groups:
        if on_state.intersection(group) and not read_by_others.intersection(group):
            members = sorted(group)
            result.append(idle[next((i for i in members if idle[i].targets[0].user), members[0])])
    return result


def _warning(equation: Equation) -> Diagnostic:
    target = equation.targets[0]
    what = f"`{target.name.rpartition('.')[2]}`" if target.user else "this value"
    return Diagnostic(
        "V006", Severity.WARNING, f"no output and no contract depends on {what}, which needs state",
        Label(equation.span, "influences nothing"),
        help="use it, return it, or delete it",
    )  # fmt: skip
