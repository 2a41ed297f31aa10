"""Diagrams as self-contained SVG with a sample-time legend."""

from __future__ import annotations

import html

from syncml.graph.layout import HEIGHT, LETTER, MARGIN, Box, layout
from syncml.graph.model import Block, Diagram, Shape
from syncml.graph.text import colour


def to_svg(drawing: Diagram) -> str:
    """The drawing; instantaneous edges run left to right, delayed edges are dashed and may run back."""
    placed = layout(drawing)
    back = [e for e in drawing.edges if placed.boxes[e.target].x <= placed.boxes[e.source].x]
    bottom = placed.height + 16 * len(back)
    legend, legend_width = _legend(drawing, bottom)
    width, height = max(placed.width, legend_width + MARGIN), bottom + 44
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{html.escape(drawing.title)}</title>",
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#444"/></marker></defs>',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for edge in drawing.edges:
        source, target = placed.boxes[edge.source], placed.boxes[edge.target]
        path = (
            _below(source, target, placed.height, back.index(edge))
            if edge in back
            else _forward(source, target, placed.lanes[edge])
        )
        style = ' stroke-dasharray="5 3"' if edge.delayed else ""
        parts.append(f'<path d="{path}" fill="none" stroke="#444"{style} marker-end="url(#arrow)"/>')
    parts += [_block(drawing, block, placed.boxes[block.key]) for block in drawing.blocks]
    return "\n".join([*parts, *legend, "</svg>"]) + "\n"


def _forward(source: Box, target: Box, lanes: tuple[tuple[float, float], ...]) -> str:
    """A smooth path through the lanes, level wherever it meets a block or a lane."""
    x, y = source.x + source.width, source.y + HEIGHT / 2
    path = f"M{x:.1f} {y:.1f}"
    for next_x, next_y in (*lanes, (target.x, target.y + HEIGHT / 2)):
        bend = (next_x - x) / 2
        path += f"C{x + bend:.1f} {y:.1f} {next_x - bend:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}"
        x, y = next_x, next_y
    return path


def _below(source: Box, target: Box, level: float, number: int) -> str:
    """A path that runs back: right of the layer of its source, below everything else, left of that of its target."""
    level += 16 * number
    aside, bend = 10 + 4 * (number % 6), 8
    x1, y1 = source.right + aside, source.y + HEIGHT * 0.7
    x2, y2 = target.left - aside, target.y + HEIGHT * 0.7
    return (
        f"M{source.x + source.width:.1f} {y1:.1f}H{x1 - bend:.1f}q{bend} 0 {bend} {bend}"
        f"V{level - bend:.1f}q0 {bend} -{bend} {bend}H{x2 + bend:.1f}q-{bend} 0 -{bend} -{bend}"
        f"V{y2 + bend:.1f}q0 -{bend} {bend} -{bend}H{target.x:.1f}"
    )


def _block(drawing: Diagram, block: Block, box: Box) -> str:
    radius = {Shape.INPUT: 20, Shape.OUTPUT: 20, Shape.STREAM: 4}.get(block.shape, 0)
    stroke = 2.2 if block.shape is Shape.INSTANCE else 1
    dash = ' stroke-dasharray="4 2"' if block.shape is Shape.REGISTER else ""
    middle = box.x + box.width / 2
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{HEIGHT}" rx="{radius}" '
        f'fill="{colour(block.clock)}" stroke="#444" stroke-width="{stroke}"{dash}/>'
        f'<text x="{middle:.1f}" y="{box.y + 17:.1f}" text-anchor="middle">{html.escape(block.label)}</text>'
        f'<text x="{middle:.1f}" y="{box.y + 32:.1f}" text-anchor="middle" font-size="10" fill="#555">'
        f"{html.escape(drawing.clocks[block.clock])}</text>"
    )


def _legend(drawing: Diagram, top: float) -> tuple[list[str], float]:
    parts: list[str] = []
    x = float(MARGIN)
    for i, text in enumerate(drawing.clocks):
        parts.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="16" height="16" fill="{colour(i)}" stroke="#444"/>'
            f'<text x="{x + 22:.1f}" y="{top + 13:.1f}">{html.escape(text)}</text>'
        )
        x += 22 + len(text) * LETTER + 24
    line = f'<path d="M{x:.1f} {top + 8:.1f}h22" stroke="#444" stroke-dasharray="5 3"/>'
    parts.append(f'{line}<text x="{x + 30:.1f}" y="{top + 13:.1f}">delayed</text>')
    return parts, x + 30 + 8 * LETTER
