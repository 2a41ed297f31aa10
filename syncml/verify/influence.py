"""Influence: state that no output and no contract depends on.

Rule: a stream influences what reads its value, at this instant or a later one, and what is present by its truth. State
is needed if it influences an output of its node or a clause of a contract: of the results of a call, those that are
read. Where a node has streams that influence neither, the last of them are reported, if they hang on state: they cost
memory and time in a simulation, exported C leaves them out, and more often than not something was meant to read them.

Each node is looked at once, callees first: of a callee its callers know which inputs each output depends on. What a
caller does with a result is the caller's choice, so every output of a node counts as read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, Label, Severity, Span
from syncml.ir.clocks import conditions
from syncml.ir.equations.syntax import Call, Equation, Fby, Iterate, Node, Program, Var, atoms
from syncml.ir.graphs import components


@dataclass(frozen=True, slots=True)
class _Summary:
    """What callers know of a node: the positions of the inputs that each output depends on, and that its clauses do."""

    outputs: tuple[frozenset[int], ...]
    clauses: frozenset[int]
    has_clauses: bool
    has_state: bool


def without_influence(program: Program) -> tuple[Diagnostic, ...]:
    """A warning (V006) for each line whose state influences nothing, in whatever node, in the order of the source.

    Args:
        program: Clocked equations that passed the checks.
    """
    summaries: dict[str, _Summary] = {}
    used: set[Span] = set()
    found: dict[Span, Equation] = {}
    for node in program.nodes:
        reads = _reads(node, summaries)
        watched = [*(p.holds for p in node.properties), *_of_clauses(node, summaries)]
        needed = _reached((*node.outputs, *watched), reads)
        idle = [e for e in node.equations if _is_idle(e, needed, summaries)]
        kept = set(map(id, idle))
        used |= {e.span for e in node.equations if id(e) not in kept}
        found |= {e.span: e for e in _last(idle, reads, summaries)}
        summaries[node.name] = _summary(node, reads, watched, summaries)
    # A line is idle only if it is in each node that was made of it.
    return tuple(sorted((_warning(e) for e in found.values() if e.span not in used), key=lambda d: d.sort_key))


def _is_idle(equation: Equation, needed: set[Var], summaries: Mapping[str, _Summary]) -> bool:
    if isinstance(equation.rhs, Call | Iterate) and summaries[equation.rhs.node].has_clauses:
        return False
    return needed.isdisjoint(equation.targets)


def _reads(node: Node, summaries: Mapping[str, _Summary]) -> dict[Var, list[Var]]:
    """What each defined stream of a node depends on directly."""
    reads: dict[Var, list[Var]] = {}
    for equation in node.equations:
        present = conditions(equation.clock) if equation.clock is not None else []
        if isinstance(equation.rhs, Call | Iterate):
            arguments = equation.rhs.arguments
            present += equation.rhs.resets
            # The result of an accumulator is also an argument, of the next element.
            chained = equation.targets[: equation.rhs.carried] if isinstance(equation.rhs, Iterate) else ()
            for target, positions in zip(equation.targets, summaries[equation.rhs.node].outputs, strict=True):
                reads[target] = [a for i in sorted(positions) if isinstance(a := arguments[i], Var)] + present
                reads[target] += [chained[i] for i in sorted(positions) if i < len(chained)]
        else:
            read = [a for a in atoms(equation.rhs) if isinstance(a, Var)] + present
            reads |= dict.fromkeys(equation.targets, read)
    return reads


def _of_clauses(node: Node, summaries: Mapping[str, _Summary]) -> list[Var]:
    """What the contracts of callees depend on."""
    result: list[Var] = []
    for equation in node.equations:
        if isinstance(equation.rhs, Call | Iterate) and summaries[equation.rhs.node].has_clauses:
            arguments = equation.rhs.arguments
            given = (arguments[i] for i in sorted(summaries[equation.rhs.node].clauses))
            result += [a for a in given if isinstance(a, Var)]
            if isinstance(equation.rhs, Iterate):
                chained = equation.targets[: equation.rhs.carried]
                result += [chained[i] for i in sorted(summaries[equation.rhs.node].clauses) if i < len(chained)]
            result += equation.rhs.resets
            result += conditions(equation.clock) if equation.clock is not None else []
    return result


def _reached(start: Iterable[Var], reads: Mapping[Var, Sequence[Var]]) -> set[Var]:
    """All streams that ``start`` depend on, at any instant."""
    reached = set(start)
    pending = list(reached)
    while pending:
        for var in reads.get(pending.pop(), ()):
            if var not in reached:
                reached.add(var)
                pending.append(var)
    return reached


def _summary(
    node: Node, reads: Mapping[Var, Sequence[Var]], watched: Sequence[Var], summaries: Mapping[str, _Summary]
) -> _Summary:
    # The inputs that a stream depends on, as the bits of a number; each group of a cycle comes after what it reads.
    masks = {v: 1 << i for i, v in enumerate(node.inputs)}
    defined = list(reads)
    numbers = {v: i for i, v in enumerate(defined)}
    for group in components([[numbers[r] for r in reads[v] if r in numbers] for v in defined]):
        mask = 0
        for i in group:
            for read in reads[defined[i]]:
                mask |= masks.get(read, 0)
        masks |= dict.fromkeys((defined[i] for i in group), mask)

    def inputs(streams: Iterable[Var]) -> frozenset[int]:
        mask = 0
        for stream in streams:
            mask |= masks.get(stream, 0)
        return frozenset(i for i in range(len(node.inputs)) if mask >> i & 1)

    callees = [summaries[e.rhs.node] for e in node.equations if isinstance(e.rhs, Call | Iterate)]
    return _Summary(
        tuple(inputs([v]) for v in node.outputs),
        inputs(watched),
        bool(node.properties) or any(c.has_clauses for c in callees),
        any(isinstance(e.rhs, Fby) for e in node.equations) or any(c.has_state for c in callees),
    )


def _last(
    idle: Sequence[Equation], reads: Mapping[Var, Sequence[Var]], summaries: Mapping[str, _Summary]
) -> list[Equation]:
    """Of each group that hangs on idle state and that nothing outside of it reads, the first that the user named."""
    numbers = {target: i for i, e in enumerate(idle) for target in e.targets}
    edges = [list(dict.fromkeys(numbers[v] for t in e.targets for v in reads[t] if v in numbers)) for e in idle]
    groups = components(edges)
    read_by_others: set[int] = set()
    on_state: set[int] = set()
    # Each group comes after what it reads.
    for group in groups:
        outside = {r for i in group for r in edges[i]}.difference(group)
        read_by_others |= outside
        if not on_state.isdisjoint(outside) or any(_keeps_state(idle[i], summaries) for i in group):
            on_state.update(group)
    result: list[Equation] = []
    for group in groups:
        if not on_state.isdisjoint(group) and read_by_others.isdisjoint(group):
            members = sorted(group)
            result.append(idle[next((i for i in members if idle[i].targets and idle[i].targets[0].user), members[0])])
    return result


def _keeps_state(equation: Equation, summaries: Mapping[str, _Summary]) -> bool:
    rhs = equation.rhs
    return isinstance(rhs, Fby) or (isinstance(rhs, Call | Iterate) and summaries[rhs.node].has_state)


def _warning(equation: Equation) -> Diagnostic:
    target = next(iter(equation.targets), None)
    what = f"`{target.name}`" if target is not None and target.user else "this value"
    return Diagnostic(
        "V006", Severity.WARNING, f"no output and no contract depends on {what}, which needs state",
        Label(equation.span, "influences nothing"),
        help="use it, return it, or delete it",
    )  # fmt: skip
