"""Diagrams as SVG, laid out in layers from inputs to outputs.

Rule (Sugiyama, Tagawa, Toda 1981): a block stands one layer right of the furthest block that feeds it without a delay;
within a layer, blocks are ordered by the mean place of their neighbours, swept forth and back. Instantaneous edges
run left to right; delayed edges are dashed and may run back.
"""

from __future__ import annotations

import html
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from syncml.graph.model import Block, Diagram, Shape
from syncml.graph.text import colour

_WIDTH_OF_LETTER, _HEIGHT, _ROW, _GAP, _MARGIN = 7.2, 40, 58, 64, 24
_SWEEPS = 8


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float


def to_svg(drawing: Diagram) -> str:
    """A self-contained SVG with a sample-time legend."""
    boxes = _layout(drawing)
    right = max((b.x + b.width for b in boxes.values()), default=0.0) + _MARGIN
    bottom = max((b.y + _HEIGHT for b in boxes.values()), default=0.0) + _MARGIN
    legend, legend_width = _legend(drawing, bottom)
    width, height = max(right, legend_width + _MARGIN), bottom + 44
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{html.escape(drawing.title)}</title>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#444"/></marker></defs>',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    parts += [_edge(boxes[e.source], boxes[e.target], e.delayed) for e in drawing.edges]
    parts += [_block(drawing, block, boxes[block.key]) for block in drawing.blocks]
    return "\n".join([*parts, *legend, "</svg>"]) + "\n"


def _layout(drawing: Diagram) -> dict[str, _Box]:
    layer = _layers(drawing)
    columns: dict[int, list[str]] = defaultdict(list)
    for block in drawing.blocks:
        columns[layer[block.key]].append(block.key)
    neighbours: dict[str, list[str]] = defaultdict(list)
    for edge in drawing.edges:
        neighbours[edge.source].append(edge.target)
        neighbours[edge.target].append(edge.source)
    place = {key: float(i) for keys in columns.values() for i, key in enumerate(keys)}
    for sweep in range(_SWEEPS):
        for number in sorted(columns, reverse=bool(sweep % 2)):
            around = {k: [place[n] for n in neighbours[k] if layer[n] != number] for k in columns[number]}
            mean = {k: sum(p) / len(p) if p else place[k] for k, p in around.items()}
            columns[number].sort(key=lambda k: (mean[k], k))
            offset = -len(columns[number]) / 2
            place |= {key: offset + i for i, key in enumerate(columns[number])}
    widths = {b.key: _width(drawing, b) for b in drawing.blocks}
    tallest = max((len(keys) for keys in columns.values()), default=0)
    boxes: dict[str, _Box] = {}
    x = float(_MARGIN)
    for number in sorted(columns):
        column_width = max(widths[k] for k in columns[number])
        top = _MARGIN + (tallest - len(columns[number])) * _ROW / 2
        for i, key in enumerate(columns[number]):
            boxes[key] = _Box(x + (column_width - widths[key]) / 2, top + i * _ROW, widths[key])
        x += column_width + _GAP
    return boxes


def _layers(drawing: Diagram) -> dict[str, int]:
    """The longest instantaneous path to each block; outputs stand in the last layer."""
    import networkx

    nx: Any = networkx
    graph = nx.DiGraph()
    graph.add_nodes_from(block.key for block in drawing.blocks)
    graph.add_edges_from((e.source, e.target) for e in drawing.edges if not e.delayed)
    # A loop through instances that is cut by a delay inside one of them appears as a cycle here: break it.
    while not nx.is_directed_acyclic_graph(graph):
        graph.remove_edge(*nx.find_cycle(graph)[-1][:2])
    layer = {key: i for i, keys in enumerate(nx.topological_generations(graph)) for key in keys}
    last = max(layer.values(), default=0)
    outputs = {b.key for b in drawing.blocks if b.shape is Shape.OUTPUT}
    last += any(layer[b.key] == last and b.key not in outputs for b in drawing.blocks)
    return {key: last if key in outputs else number for key, number in layer.items()}


def _width(drawing: Diagram, block: Block) -> float:
    letters = max(len(block.label), len(drawing.clocks[block.clock]))
    return max(70.0, letters * _WIDTH_OF_LETTER + 22)


def _block(drawing: Diagram, block: Block, box: _Box) -> str:
    radius = {Shape.INPUT: 20, Shape.OUTPUT: 20, Shape.STREAM: 4}.get(block.shape, 0)
    stroke = 2.2 if block.shape is Shape.INSTANCE else 1
    dash = ' stroke-dasharray="4 2"' if block.shape is Shape.REGISTER else ""
    middle = box.x + box.width / 2
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{_HEIGHT}" rx="{radius}" '
        f'fill="{colour(block.clock)}" stroke="#444" stroke-width="{stroke}"{dash}/>'
        f'<text x="{middle:.1f}" y="{box.y + 17:.1f}" text-anchor="middle">{html.escape(block.label)}</text>'
        f'<text x="{middle:.1f}" y="{box.y + 32:.1f}" text-anchor="middle" font-size="10" fill="#555">'
        f"{html.escape(drawing.clocks[block.clock])}</text>"
    )


def _edge(source: _Box, target: _Box, delayed: bool) -> str:
    x1, y1 = source.x + source.width, source.y + _HEIGHT / 2
    x2, y2 = target.x, target.y + _HEIGHT / 2
    bend = max(30.0, abs(x2 - x1) / 2) if x2 > x1 else 60.0
    style = ' stroke-dasharray="5 3"' if delayed else ""
    return (
        f'<path d="M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}" '
        f'fill="none" stroke="#444"{style} marker-end="url(#arrow)"/>'
    )


def _legend(drawing: Diagram, top: float) -> tuple[list[str], float]:
    parts: list[str] = []
    x = float(_MARGIN)
    for i, text in enumerate((*drawing.clocks, "dashed: delayed")):
        fill = colour(i) if i < len(drawing.clocks) else "none"
        parts.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="16" height="16" fill="{fill}" stroke="#444"/>')
        parts.append(f'<text x="{x + 22:.1f}" y="{top + 13:.1f}">{html.escape(text)}</text>')
        x += 22 + len(text) * _WIDTH_OF_LETTER + 24
    return parts, x
