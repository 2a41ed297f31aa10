"""Where the blocks and edges of a diagram stand.

Rule (Sugiyama, Tagawa, Toda 1981): a block stands one layer right of the furthest block that feeds it; outputs stand in
the last layer. In a loop a delayed edge may run back, between the layers and below everything else. An edge that skips
layers passes through a lane of its own in each of them. So no edge crosses a block. Within a layer, blocks and lanes
are ordered by the mean place of their neighbours, swept forth and back.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

from syncml.dataclass import dataclass
from syncml.graph.model import Diagram, Edge, Shape

HEIGHT = 40
MARGIN = 24
LETTER = 7.2
"""The width of a letter of the labels."""
_BLOCK_ROW, _LANE_ROW, _GAP = 58, 14, 64
_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A block's rectangle, of height `HEIGHT`, and where its layer begins and ends."""

    x: float
    y: float
    width: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes by the key of their block; for each edge the points where it passes through lanes, left to right."""

    boxes: dict[str, Box]
    lanes: dict[Edge, tuple[tuple[float, float], ...]]
    width: float
    height: float


def layout(drawing: Diagram) -> Layout:
    """Place every block and edge."""
    layer = _layers(drawing)
    columns: dict[int, list[str]] = defaultdict(list)
    for block in drawing.blocks:
        columns[layer[block.key]].append(block.key)
    chains: dict[Edge, list[str]] = {}
    links: list[tuple[str, str]] = []
    for number, edge in enumerate(drawing.edges):
        first, last = layer[edge.source], layer[edge.target]
        lanes = [f"{number}.{i}" for i in range(first + 1, last)]
        for i, key in zip(range(first + 1, last), lanes, strict=True):
            columns[i].append(key)
        chains[edge] = lanes
        path = [edge.source, *lanes, edge.target]
        if last > first:
            links += pairwise(path)
    _order(columns, links)
    return _place(drawing, columns, chains)


def _layers(drawing: Diagram) -> dict[str, int]:
    """The longest path to each block, without the edges that run back."""
    import networkx

    nx: Any = networkx
    graph = nx.DiGraph()
    graph.add_nodes_from(block.key for block in drawing.blocks)
    graph.add_edges_from((e.source, e.target) for e in drawing.edges)
    loop = {key: number for number, keys in enumerate(nx.strongly_connected_components(graph)) for key in keys}
    instantaneous = {(e.source, e.target) for e in drawing.edges if not e.delayed}
    delayed = [e for e in graph.edges if loop[e[0]] == loop[e[1]] and e not in instantaneous]
    graph.remove_edges_from(delayed)
    # A loop through instances that is cut by a delay inside one of them appears as a cycle here: break it.
    while not nx.is_directed_acyclic_graph(graph):
        graph.remove_edge(*nx.find_cycle(graph)[-1][:2])
    # Of the delayed edges of a loop, those run forth that agree with one order of the rest.
    place = {key: number for number, key in enumerate(nx.topological_sort(graph))}
    graph.add_edges_from((source, target) for source, target in delayed if place[source] < place[target])
    layer = {key: i for i, keys in enumerate(nx.topological_generations(graph)) for key in keys}
    last = max(layer.values(), default=0)
    outputs = {b.key for b in drawing.blocks if b.shape is Shape.OUTPUT}
    last += any(layer[b.key] == last and b.key not in outputs for b in drawing.blocks)
    return {key: last if key in outputs else number for key, number in layer.items()}


def _order(columns: dict[int, list[str]], links: list[tuple[str, str]]) -> None:
    """Sort each column by the mean place of what its entries are linked to, from the left and from the right."""
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for source, target in links:
        after[source].append(target)
        before[target].append(source)
    place = {key: i / len(keys) for keys in columns.values() for i, key in enumerate(keys)}
    for sweep in range(_SWEEPS):
        backward = bool(sweep % 2)
        for number in sorted(columns, reverse=backward):
            near = after if backward else before
            mean = {k: sum(place[n] for n in near[k]) / len(near[k]) if near[k] else place[k] for k in columns[number]}
            columns[number].sort(key=lambda key: (mean[key], key))
            count = len(columns[number])
            place |= {key: (i + 0.5) / count for i, key in enumerate(columns[number])}


def _place(drawing: Diagram, columns: dict[int, list[str]], chains: dict[Edge, list[str]]) -> Layout:
    widths = {b.key: _width(b.label, drawing.clocks[b.clock]) for b in drawing.blocks}
    heights = {n: sum(_BLOCK_ROW if k in widths else _LANE_ROW for k in keys) for n, keys in columns.items()}
    tallest = max(heights.values(), default=0)
    boxes: dict[str, Box] = {}
    points: dict[str, tuple[float, float]] = {}
    x = float(MARGIN)
    for number in sorted(columns):
        column_width = max((widths[k] for k in columns[number] if k in widths), default=0.0)
        y = MARGIN + (tallest - heights[number]) / 2
        for key in columns[number]:
            if key in widths:
                left = x + (column_width - widths[key]) / 2
                boxes[key] = Box(left, y + (_BLOCK_ROW - HEIGHT) / 2, widths[key], x, x + column_width)
                y += _BLOCK_ROW
            else:
                points[key] = (x + column_width / 2, y + _LANE_ROW / 2)
                y += _LANE_ROW
        x += column_width + _GAP
    lanes = {edge: tuple(points[key] for key in chain) for edge, chain in chains.items()}
    return Layout(boxes, lanes, x - _GAP + MARGIN, tallest + 2 * MARGIN)


def _width(label: str, clock: str) -> float:
    return max(70.0, max(len(label), len(clock)) * LETTER + 22)
