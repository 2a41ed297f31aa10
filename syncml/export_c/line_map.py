"""The machine-readable map: C line to stream, clock, unit and source position, and the order of the leaves."""

from __future__ import annotations

import json
from typing import Any

from syncml.export_c.draft import Draft, Files
from syncml.export_c.leaves import Leaf
from syncml.export_c.sources import Sources
from syncml.ir.step.schedules import description
from syncml.ir.step.syntax import Origin, Slot
from syncml.ir.types import shape

MAP_SCHEMA = "syncml/c-map/1"


def line_map(draft: Draft) -> Files:
    """``evidence/<node>_map.json``."""
    origins, found = draft.origins, draft.leaves
    lines: list[dict[str, Any]] = [
        {"file": path, "line": number, **_origin(line.origin, origins)}
        for path, printed in sorted(draft.code.items())
        for number, line in enumerate(printed, start=1)
        if line.origin is not None
    ]
    document = {
        "schema": MAP_SCHEMA,
        "node": draft.label,
        "layout_hash": f"{found.layout_hash:016x}",
        "inputs": [_leaf(leaf, origins) for leaf in found.inputs],
        "outputs": [_leaf(leaf, origins) for leaf in found.outputs],
        "state": [_leaf(leaf, origins) for leaf in found.state],
        "constants": [_constant(slot, name) for slot, name in draft.plan.constants.items()],
        "lines": lines,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    return {f"evidence/{draft.node}_map.json": text.encode()}


def _constant(slot: Slot, name: str) -> dict[str, Any]:
    """An array of constants: what it is called in the program, and where it has the elements of that."""
    described: dict[str, Any] = {"c": name, "type": str(slot.type)}
    if slot.layout is None:
        return {**described, "name": slot.name, "shape": list(shape(slot.type))}
    digits = [{"axis": d.axis, "stride": d.stride, "extent": d.extent} for d in slot.layout.digits]
    where = {"elements": description(slot.layout), "digits": digits}
    return {**described, "name": slot.layout.name, "shape": list(slot.layout.shape), **where}


def _origin(origin: Origin, origins: Sources) -> dict[str, Any]:
    span = origin.span
    place = {
        "file": origins.name(span.file),
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
    return {"stream": origin.stream, "clock": origin.clock, "unit": origin.unit, "source": place}


def _leaf(leaf: Leaf, origins: Sources) -> dict[str, Any]:
    described = {"name": leaf.name, "c": leaf.designator, "type": str(leaf.type)}
    return described if leaf.origin is None else {**described, **_origin(leaf.origin, origins)}
