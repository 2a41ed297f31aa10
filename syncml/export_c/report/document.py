"""The report as a document and as text: the same figures for a program and for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from syncml.export_c.draft import Draft, Files
from syncml.export_c.regions import Placed
from syncml.export_c.report.folding import folding_document, folding_lines
from syncml.export_c.report.instructions import estimate
from syncml.export_c.report.memory import Report
from syncml.export_c.report.memory_map import memory_map
from syncml.export_c.targets import TargetMachine

REPORT = "evidence/report.json"
MEMORY_MAP = "evidence/memory.svg"
SCHEMA = "syncml/report/1"

_CURVE = 256
"""The live-set curve has at most so many steps; each is the most of those that it stands for."""


def costs(draft: Draft) -> Files:
    """``report.json`` and, where there are local tensors, the memory map."""
    found = draft.report
    options = draft.options
    document = report_document(found, options.target, draft.regions)
    if options.folding is not None:
        document["folding"] = folding_document(options.folding, found, options.memory, options.target)
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    drawing = {MEMORY_MAP: memory_map(draft.plan, found).encode()} if found.curve.moments else {}
    return {REPORT: text.encode(), **drawing}


def report_document(found: Report, target: TargetMachine, regions: Sequence[Placed] = ()) -> dict[str, Any]:
    """The report as values of JSON."""
    cost = found.operations
    return {
        "schema": SCHEMA,
        "node": found.node,
        "operations": {
            "additions": cost.additions,
            "multiplications": cost.multiplications,
            "divisions": cost.divisions,
            "square_roots": cost.square_roots,
            "comparisons": cost.comparisons,
            "calls": dict(cost.calls),
            "total": cost.total,
        },
        "instructions": {
            "target": target.name,
            "estimate": estimate(found.work, target.instructions),
            "within": target.instructions.within or None,
        },
        "ram": {
            "total": found.ram,
            "state": found.state,
            "state_values": found.values,
            "state_scratch": found.main.kept[0],
            "state_on_32_bit_x86": found.state_i386,
            "scratch": found.main.scratch,
            "scratch_lower_bound": found.main.bound,
            "scratch_elements": found.main.scratch_elements,
            "inputs": found.inputs,
            "outputs": found.outputs,
        },
        "rom": {
            "total": found.rom,
            "arrays": [{"name": c.name, "type": c.type, "bytes": c.bytes} for c in found.constants],
            "tables": found.tables,
        },
        "stack": {
            "locals": found.main.stack,
            "path": list(found.call_path),
            "functions": [
                {
                    "name": f.function,
                    "node": f.node,
                    "tensors": f.tensors,
                    "tensors_unshared": f.separate,
                    "scalars": f.scalars,
                    "with_calls": f.stack,
                    "calls": list(f.calls),
                }
                for f in found.frames
            ],
        },
        "largest": [
            {"function": t.function, "name": t.name, "type": t.type, "bytes": t.bytes, "shares_memory": t.shared}
            for t in found.largest
        ],
        "regions": [
            {
                "name": region.room.name,
                "bytes": region.room.size,
                "used": region.used,
                "objects": [
                    {"name": thing.name, "bytes": thing.bytes, "accesses": thing.accesses} for thing in region.things
                ],
            }
            for region in regions
        ],
        "live": [{"moment": moment, "bytes": live} for moment, live in found.curve.steps(_CURVE)],
    }


def report_text(document: Mapping[str, Any]) -> str:
    """The report for a reader."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    cost, ram, rom, stack = (document[part] for part in ("operations", "ram", "rom", "stack"))
    yield f"{document['node']}: one tick takes at most"
    kinds = ("additions", "multiplications", "divisions", "square_roots", "comparisons")
    counted = {kind.replace("_", " "): cost[kind] for kind in kinds} | cost["calls"]
    yield from (f"  {number:>12,} {kind}" for kind, number in counted.items() if number)
    cost = document["instructions"]
    known = f"counted ones are within a factor of {cost['within']}" if cost["within"] else "not calibrated"
    yield f"  {cost['estimate']:>12,} instructions, by an estimate for {cost['target']} ({known})"
    yield "RAM"
    inside = ram["state_scratch"]
    scratch_in = f" and {inside:,} of scratch" if inside else ""
    yield f"  {ram['state']:>12,} bytes of state ({ram['state_values']:,} without padding{scratch_in})"
    bound, scratch = ram["scratch_lower_bound"], ram["scratch"]
    above = f", {scratch / bound - 1:.1%} above the largest live set ({bound:,})" if bound else ""
    yield f"  {scratch:>12,} bytes of scratch in {ram['scratch_elements']:,} elements{above}"
    yield f"  {ram['inputs']:>12,} bytes of inputs, {ram['outputs']:,} of outputs, which the caller owns"
    yield "ROM, without code"
    arrays = rom["arrays"]
    yield f"  {rom['total'] - rom['tables']:>12,} bytes in {len(arrays)} constant array{'s' * (len(arrays) != 1)}"
    if rom["tables"]:
        yield f"  {rom['tables']:>12,} bytes in tables of functions and initial values"
    yield "Stack"
    yield f"  {stack['locals']:>12,} bytes of local variables: {' > '.join(stack['path'])}"
    if document.get("folding"):
        yield from folding_lines(document["folding"])
    for region in document["regions"]:
        yield f"Region {region['name']}: {region['used']:,} of {region['bytes']:,} bytes"
        for thing in region["objects"]:
            yield f"  {thing['bytes']:>12,} bytes: {thing['name']}, {thing['accesses']:,} accesses in a tick"
    if document["largest"]:
        yield "Largest tensors"
    for tensor in document["largest"]:
        shares = ", shares memory" if tensor["shares_memory"] else ""
        yield f"  {tensor['bytes']:>12,} bytes: {tensor['name']} {tensor['type']} in {tensor['function']}{shares}"
