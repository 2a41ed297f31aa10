"""Drawings of a node as a block diagram: Mermaid, DOT and SVG, with a sample-time legend."""

from syncml.graph.model import Diagram, diagram
from syncml.graph.svg import to_svg
from syncml.graph.text import to_dot, to_mermaid

__all__ = ["Diagram", "diagram", "to_dot", "to_mermaid", "to_svg"]
