"""Diagrams as text: Mermaid (for Markdown pages) and DOT (for Graphviz)."""

from __future__ import annotations

import re

from syncml.graph.model import Block, Diagram, Shape

COLOURS = ("#CFE3F5", "#FBE3C0", "#CDEBDD", "#F3D6E6", "#FFF3B0", "#E3E3E3", "#D9D2F0", "#F7CFC4")
"""One fill colour for each clock of the legend; further clocks begin again, and the label tells them apart."""


def colour(clock: int) -> str:
    """The fill colour of a clock of the legend."""
    return COLOURS[clock % len(COLOURS)]


_MERMAID = {
    Shape.INPUT: ("([", "])"),
    Shape.OUTPUT: ("([", "])"),
    Shape.INSTANCE: ("[[", "]]"),
    Shape.REGISTER: ("[/", "/]"),
    Shape.STREAM: ("[", "]"),
}


def to_mermaid(drawing: Diagram) -> str:
    """A Mermaid flowchart; delayed edges are dotted."""
    lines = ["flowchart LR"]
    for block in drawing.blocks:
        opening, closing = _MERMAID[block.shape]
        text = _label(drawing, block).replace("\n", "<br/>").replace('"', "#quot;")
        lines.append(f'    {_key(block.key)}{opening}"{text}"{closing}:::clock{block.clock}')
    for edge in drawing.edges:
        arrow = "-.->" if edge.delayed else "-->"
        lines.append(f"    {_key(edge.source)} {arrow} {_key(edge.target)}")
    lines.append("    subgraph legend [sample times]")
    lines += [f'        legend{i}["{text}"]:::clock{i}' for i, text in enumerate(drawing.clocks)]
    lines.append("    end")
    lines += [f"    classDef clock{i} fill:{colour(i)},stroke:#555,color:#111" for i in range(len(drawing.clocks))]
    return "\n".join(lines) + "\n"


_DOT = {
    Shape.INPUT: "oval",
    Shape.OUTPUT: "oval",
    Shape.INSTANCE: "component",
    Shape.REGISTER: "parallelogram",
    Shape.STREAM: "box",
}


def to_dot(drawing: Diagram) -> str:
    """A Graphviz digraph; delayed edges are dashed."""
    lines = ["digraph {", "    rankdir=LR;", '    node [style=filled, fontname="sans-serif"];']
    for block in drawing.blocks:
        text = _quote(_label(drawing, block))
        fill = colour(block.clock)
        lines.append(f'    {_key(block.key)} [label={text}, shape={_DOT[block.shape]}, fillcolor="{fill}"];')
    for edge in drawing.edges:
        style = " [style=dashed]" if edge.delayed else ""
        lines.append(f"    {_key(edge.source)} -> {_key(edge.target)}{style};")
    lines += ["    subgraph cluster_legend {", '        label="sample times";']
    for i, text in enumerate(drawing.clocks):
        lines.append(f'        legend{i} [label={_quote(text)}, shape=box, fillcolor="{colour(i)}"];')
    return "\n".join([*lines, "    }", "}"]) + "\n"


def _label(drawing: Diagram, block: Block) -> str:
    return f"{block.label}\n{drawing.clocks[block.clock]}"


def _key(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
