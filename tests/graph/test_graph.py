"""Block diagrams: which blocks, which edges, which sample times."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from syncml.clock_calculus import infer_clocks
from syncml.graph import diagram, to_dot, to_mermaid, to_svg
from syncml.graph.layout import layout
from syncml.graph.model import Block, Diagram, Edge, Shape
from syncml.ir.clocks import word
from syncml.ir.equations.syntax import Fby, Program
from syncml.ir.operators import Op
from syncml.ir.types import F32
from tests.support.ir import NodeBuilder, const


def drawing(detailed: bool | None = None) -> Diagram:
    f = NodeBuilder("filter")
    x = f.input("x", F32)
    y = f.declare("y", F32)
    f.define(y, Fby(const(0.0, F32), f.op(Op.ADD, x, y)))
    callee = f.node([y])
    b = NodeBuilder("top", Fraction(100))
    radar = b.input("radar", F32)
    slow = b.when(radar, b.wave(word((), (1, 0, 0, 0))), name="slow")
    (smooth,) = b.call(callee, slow, instance="smooth")
    b.op(Op.NEG, smooth, name="brake")
    previous = b.fby(const(0.0, F32), radar)
    out = b.op(Op.ADD, radar, previous, name="out")
    return diagram(infer_clocks(Program((callee, b.node([out, smooth])), "top")), detailed)


def test_blocks_are_inputs_outputs_instances_and_named_streams() -> None:
    blocks = {b.key: (b.label, b.shape.value, drawing().clocks[b.clock]) for b in drawing().blocks}
    assert blocks["in_radar"] == ("radar", "input", "100 Hz")
    assert blocks["call_smooth"] == ("smooth: filter", "instance", "25 Hz")
    assert blocks["var_brake"] == ("brake", "stream", "25 Hz")
    assert {k for k, _ in blocks.items()} >= {"var_slow", "var_out", "out_out", "out_smooth_y"}


def test_edges_skip_what_is_not_drawn_and_know_delays() -> None:
    edges = set(drawing(detailed=False).edges)
    assert Edge("in_radar", "call_smooth", False) in edges
    assert Edge("in_radar", "out_out", False) in edges
    detailed = set(drawing().edges)
    assert Edge("var_slow", "call_smooth", False) in detailed
    assert Edge("in_radar", "call_smooth", False) not in detailed


def test_the_legend_is_fastest_first() -> None:
    assert drawing().clocks == ("100 Hz", "25 Hz")


def test_mermaid_and_dot_name_every_block() -> None:
    for text in (to_mermaid(drawing()), to_dot(drawing())):
        for block in drawing().blocks:
            assert block.label in text
        assert "25 Hz" in text


def test_svg_is_well_formed_and_blocks_do_not_overlap() -> None:
    root = ET.fromstring(to_svg(drawing()))
    spaces = {"s": "http://www.w3.org/2000/svg"}
    boxes = [
        tuple(float(r.get(k, "0")) for k in ("x", "y", "width", "height"))
        for r in root.findall("s:rect", spaces)
        if r.get("x") is not None and r.get("width") != "16"
    ]
    assert len(boxes) == len(drawing().blocks)
    for i, (x, y, w, h) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[:i]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


@st.composite
def drawings(draw: st.DrawFn) -> Diagram:
    """Some blocks, edges from each to later ones, and delayed edges between any."""
    count = draw(st.integers(1, 12))
    numbers = st.integers(0, count - 1)
    pairs = draw(st.sets(st.tuples(numbers, numbers).filter(lambda pair: pair[0] != pair[1]), max_size=30))
    edges = [Edge(f"b{a}", f"b{b}", a > b or draw(st.booleans())) for a, b in sorted(pairs)]
    return Diagram("d", tuple(Block(f"b{i}", f"b{i}", Shape.STREAM, 0) for i in range(count)), tuple(edges), ("base",))


@given(drawings())
def test_what_is_not_delayed_runs_forth_and_what_runs_back_goes_around_the_blocks(drawn: Diagram) -> None:
    boxes = layout(drawn).boxes
    for edge in drawn.edges:
        assert edge.delayed or boxes[edge.source].right < boxes[edge.target].left
    root = ET.fromstring(to_svg(drawn))
    for path in root.findall("{http://www.w3.org/2000/svg}path"):
        for x in vertical(path.get("d", "")):
            assert not any(box.left <= x <= box.right for box in boxes.values())


def vertical(path: str) -> list[float]:
    """Where a path that runs back goes up or down."""
    turns = re.findall(r"H(-?[\d.]+)q(-?)8 0 -?8 -?8V", path)
    assert not path.count("V") or turns, path
    return [float(x) + (-8 if left else 8) for x, left in turns]
