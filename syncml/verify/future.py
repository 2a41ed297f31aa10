"""What needs the future must stay in its segment, and must not need the past of what needs it.

Judgement: in a node, no output, contract or memory across segments reads a stream that is ahead (its look-ahead is not
0), and each component of the streams that are ahead needs either the previous instant or the next one
(`ir.equations.backward`). A value becomes free of the future where it is taken at the end of its segment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from syncml.diagnostics import Diagnostic, Label, error
from syncml.ir.equations.backward import Fault, Instant, Trouble, needs_of
from syncml.ir.equations.dependencies import Dependencies
from syncml.ir.equations.syntax import Equation, Post, Schedule, Var
from syncml.ir.graphs import shortest_path

MOST_PAIRS = 400
"""How many pairs of a delay and a look ahead are tried for a short loop."""


def future_faults(dependencies: Dependencies) -> Iterator[Diagnostic]:
    """K011, K012, K016 and K017 of one node."""
    backward = dependencies.backward
    if not backward.ahead:
        return
    for fault in backward.faults:
        match fault.trouble:
            case Trouble.MIXED:
                yield _mixed(dependencies.definitions, fault)
            case Trouble.UNCUT if backward.ahead[fault.streams[1]].schedule is Schedule.FIXED_LAG:
                # That is how a value leaves such a segment, and what is no such delay is refused there.
                continue
            case Trouble.UNCUT:
                yield _uncut(dependencies, fault)
            case Trouble.SEGMENTS:
                yield _segments(dependencies, fault)
    node = dependencies.node
    for var in dict.fromkeys(node.outputs):
        if var in backward.ahead:
            yield _escape(dependencies, var, f"the output {_name(var)} of `{node.label}`", _span(dependencies, var))
    for clause in node.properties:
        if clause.holds in backward.ahead:
            yield error(
                "K012",
                f"the contract {clause.name!r} needs the future",
                clause.span,
                "it would be known at the end of the segment only",
                secondary=_entrance(dependencies, clause.holds),
                help="state it at the end: `when(condition, seg.last)`",
            )


def _escape(dependencies: Dependencies, var: Var, what: str, span: Label) -> Diagnostic:
    backward = dependencies.backward
    sweeps = backward.of(var)
    look = None if sweeps is None else sweeps.lookahead[var]
    far = "the rest of its segment" if look is None else f"{look} instant{'s' if look != 1 else ''} ahead"
    return error(
        "K012",
        f"{what} needs {far}, which is not known when it is due",
        span.span,
        span.text,
        secondary=_entrance(dependencies, var),
        help=f"let it leave at the end of the segment: `when({var.name}, seg.last)`, `pack({var.name})`; or one "
        f"segment later: `unpack(pack({var.name}))`",
    )


def _span(dependencies: Dependencies, var: Var) -> Label:
    definition = dependencies.definitions[var]
    return Label(definition.span if var.user else var.span, "this value")


def _entrance(dependencies: Dependencies, var: Var) -> list[Label]:
    """Where the future enters: the nearest look ahead."""
    seen = {var}
    queue = deque([var])
    while queue:
        top = queue.popleft()
        equation = dependencies.definitions[top]
        if isinstance(equation.rhs, Post):
            return [Label(equation.span, "the future enters here")]
        for needed, _ in needs_of(equation):
            if needed in dependencies.backward.ahead and needed not in seen:
                seen.add(needed)
                queue.append(needed)
    return []


def _uncut(dependencies: Dependencies, fault: Fault) -> Diagnostic:
    register, value = fault.streams
    equation = dependencies.definitions[register]
    return error(
        "K016",
        f"{_name(register)} remembers {_name(value)} from one segment to the next, and that needs the future",
        equation.span,
        "it was made outside of the segment, so it is not cut at its start",
        secondary=_entrance(dependencies, value),
        help="make it inside of the segment; or take the value at the end into a state of the segments: "
        "`s = seg.carry(init=...)`, `s.next = when(..., seg.last)`",
    )


def _segments(dependencies: Dependencies, fault: Fault) -> Diagnostic:
    reader, value = fault.streams
    return error(
        "K017",
        f"{_name(reader)} belongs to one segment and needs {_name(value)} of another",
        dependencies.definitions[reader].span,
        secondary=[*_entrance(dependencies, value), *_entrance(dependencies, reader)],
        help=f"take the value at the end of its own segment first: `when({value.name}, seg.last)`",
    )


def _mixed(definitions: Mapping[Var, Equation], fault: Fault) -> Diagnostic:
    """A short loop with a delay and a look ahead, every step with its place."""
    streams = list(fault.streams)
    numbers = {var: i for i, var in enumerate(streams)}
    needs = [[(numbers[u], when) for u, when in needs_of(definitions[v]) if u in numbers] for v in streams]
    graph = [[u for u, _ in row] for row in needs]
    back = [(v, u) for v, row in enumerate(needs) for u, when in row if when is Instant.PREVIOUS]
    ahead = [(v, u) for v, row in enumerate(needs) for u, when in row if when is Instant.NEXT]
    best: list[tuple[int, int]] = []
    for (v1, u1), (v2, u2) in [(b, a) for b in back for a in ahead][:MOST_PAIRS]:
        loop = [(v1, u1), *_path(graph, u1, v2), (v2, u2), *_path(graph, u2, v1)]
        if not best or len(loop) < len(best):
            best = loop
    labels: list[Label] = []
    for number, (v, u) in enumerate(best, 1):
        when = next(w for x, w in sorted(needs[v], key=lambda n: n[1] is Instant.SAME) if x == u)
        var, needed = streams[v], streams[u]
        labels.append(Label(definitions[var].span, f"{number}: {_name(var)} needs {_name(needed)} {when.value}"))
    named = list(dict.fromkeys(f"`{streams[v].name}`" for v, _ in best if streams[v].user)) or ["this value"]
    primary, *secondary = labels
    return error(
        "K011",
        f"{named[0]} needs its own past and its own future: {' -> '.join([*named, named[0]])}",
        primary.span,
        primary.text,
        secondary=secondary,
        notes=["neither from the start to the end of the segment nor from the end to the start is there an order"],
        help="break it at the delay or at the look ahead: read a stream there that does not depend on the other one, "
        "or the value of the segment before, `unpack(pack(...))`",
    )


def _path(graph: list[list[int]], start: int, goal: int) -> list[tuple[int, int]]:
    """The steps of a shortest path; none where it begins at its end."""
    if start == goal:
        return []
    nodes, _ = shortest_path(graph, start, goal, range(len(graph)), len(graph))
    return list(zip(nodes, [*nodes[1:], goal], strict=True))


def _name(var: Var) -> str:
    return f"`{var.name}`" if var.user else "this value"
