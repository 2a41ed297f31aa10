"""The block diagram of a node: what stands in it, and what feeds what.

Rule: the blocks are the node's inputs, outputs, instances and (in a detailed drawing) the streams that the user named;
a block feeds another if a path of equations leads from one to the other through no third block. A path that crosses a
delay is a delayed edge; that a block remembers its own past is not drawn. Each block has the clock of the stream that
it yields; colours stand for clocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from syncml.dataclass import dataclass
from syncml.ir.clocks import Clock
from syncml.ir.equations.syntax import Call, Equation, Fby, Iterate, Node, Program, Var, Wave, atoms
from syncml.ir.rates import in_hertz, rate_of, text_of


class Shape(Enum):
    """What a block is."""

    INPUT = "input"
    OUTPUT = "output"
    INSTANCE = "instance"
    REGISTER = "register"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Block:
    """One block: ``key`` identifies it in the drawing, ``clock`` indexes `Diagram.clocks`."""

    key: str
    label: str
    shape: Shape
    clock: int


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """``source`` feeds ``target``; ``delayed`` if every path crosses a delay."""

    source: str
    target: str
    delayed: bool


@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawing. ``clocks`` is the sample-time legend: one text for each colour, fastest first."""

    title: str
    blocks: tuple[Block, ...]
    edges: tuple[Edge, ...]
    clocks: tuple[str, ...]


DETAILED_BLOCKS = 40
"""With more user-named streams than this, only instances, inputs and outputs are drawn unless asked for."""


def diagram(program: Program, detailed: bool | None = None) -> Diagram:
    """The block diagram of the main node of a clocked program.

    Args:
        program: Clocked equations.
        detailed: Draw every stream that the user named; by default if there are at most `DETAILED_BLOCKS`.
    """
    node = program.node(program.main)
    labels = {n.name: n.label for n in program.nodes}
    named = [e for e in node.equations if not isinstance(e.rhs, Call | Iterate) and any(t.user for t in e.targets)]
    show_streams = len(named) <= DETAILED_BLOCKS if detailed is None else detailed
    owner: dict[Var, str] = {v: f"in_{v.name}" for v in node.inputs}
    shapes: list[tuple[str, str, Shape, Clock]] = [(owner[v], v.name, Shape.INPUT, node.clocks[v]) for v in node.inputs]
    for equation in node.equations:
        rhs = equation.rhs
        if isinstance(rhs, Call | Iterate):
            key = f"call_{rhs.instance}"
            label = labels[rhs.node] if rhs.instance == labels[rhs.node] else f"{rhs.instance}: {labels[rhs.node]}"
            if isinstance(rhs, Iterate):
                label += f" x {rhs.extent}"
            shapes.append((key, label, Shape.INSTANCE, _clock(equation)))
            owner |= dict.fromkeys(equation.targets, key)
        elif show_streams and equation.target.user and not isinstance(rhs, Wave):
            key = f"var_{equation.target.name}"
            shape = Shape.REGISTER if isinstance(rhs, Fby) else Shape.STREAM
            shapes.append((key, equation.target.name, shape, _clock(equation)))
            owner[equation.target] = key
    definition = {t: e for e in node.equations for t in e.targets}
    edges = _edges(node, definition, owner)
    for var in node.outputs:
        key = f"out_{var.name}"
        shapes.append((key, var.name, Shape.OUTPUT, node.clocks[var]))
        edges |= {(source, key): delayed for source, delayed in _sources(definition, owner, [var]).items()}
    legend = _legend(node, [clock for *_, clock in shapes])
    return Diagram(
        node.label,
        tuple(Block(key, label, shape, legend.index(_text(node, clock))) for key, label, shape, clock in shapes),
        tuple(sorted(Edge(a, b, delayed) for (a, b), delayed in edges.items() if a != b)),
        tuple(legend),
    )


def _clock(equation: Equation) -> Clock:
    if equation.clock is None:
        raise ValueError("a diagram needs clocked equations")
    return equation.clock


def _text(node: Node, clock: Clock) -> str:
    rate = rate_of(clock, node.rate)
    return text_of(clock) if rate is None else in_hertz(rate)


def _legend(node: Node, clocks: list[Clock]) -> list[str]:
    rates = {_text(node, clock): rate_of(clock, node.rate) for clock in clocks}
    return sorted(rates, key=lambda text: (-(rates[text] or 0), text))


def _edges(node: Node, definition: Mapping[Var, Equation], owner: Mapping[Var, str]) -> dict[tuple[str, str], bool]:
    edges: dict[tuple[str, str], bool] = {}
    for equation in node.equations:
        if equation.targets and equation.targets[0] in owner:
            target = owner[equation.targets[0]]
            reads = [a for a in atoms(equation.rhs) if isinstance(a, Var)]
            crosses = isinstance(equation.rhs, Fby)
            for source, delayed in _sources(definition, owner, reads).items():
                pair = (source, target)
                edges[pair] = edges.get(pair, True) and (delayed or crosses)
    return edges


def _sources(definition: Mapping[Var, Equation], owner: Mapping[Var, str], reads: list[Var]) -> dict[str, bool]:
    """The blocks from which ``reads`` are computed, each with whether every path to it crosses a delay."""
    found: dict[str, bool] = {}
    seen: set[tuple[Var, bool]] = set()
    stack = [(var, False) for var in reads]
    while stack:
        var, delayed = stack.pop()
        if (var, delayed) in seen:
            continue
        seen.add((var, delayed))
        if var in owner:
            found[owner[var]] = found.get(owner[var], True) and delayed
            continue
        equation = definition[var]
        crosses = delayed or isinstance(equation.rhs, Fby)
        stack += [(a, crosses) for a in atoms(equation.rhs) if isinstance(a, Var)]
    return found
