"""The description of the networks in a package: what is deployed, so that it can be compared with what was trained.

Rule: a network is a node with constant tensors. Its operators are listed in the order in which the C computes them,
its weights by name, shape, type and the SHA-256 of their bytes (little endian, row-major). The error bound is that of
the C against the simulator, which is 0: both compute the same operations in the same order; what elementary functions
differ from the exact ones is stated apart. Where the weights come from is not in the program; what is not known is
said to be so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from syncml.diagnostics.model import Span
from syncml.export_c.draft import Draft
from syncml.export_c.sources import Sources
from syncml.ir.constants import Array, Const
from syncml.ir.elementary import CERTIFICATES, ELEMENTARY, function
from syncml.ir.equations.syntax import Apply, Call, Equation, Fby, Iterate, Program, Var
from syncml.ir.step.syntax import Slot
from syncml.ir.types import F32, F64, TensorType, Type, element, shape

MODEL_SCHEMA = "syncml/c-model/1"
UNKNOWN = "not known to the exporter"


def model(draft: Draft, program: Program) -> dict[str, Any]:
    """The description as a JSON document."""
    return {
        "schema": MODEL_SCHEMA,
        "node": draft.label,
        "networks": list(_networks(draft, program)),
        "error_against_simulator": 0,
        "elementary_functions": list(_functions(draft)),
        "training": UNKNOWN,
    }


def readable(described: Mapping[str, Any]) -> str:
    """The description as a page."""
    lines = [f"# Networks in {described['node']}", ""]
    if not described["networks"]:
        lines += ["The node has no constant tensors, and so no network.", ""]
    for network in described["networks"]:
        lines += [f"## {network['node']}", "", f"{network['parameters']} parameters.", ""]
        lines += [f"SHA-256 of all weights: `{network['sha256']}`", ""]
        lines += ["| weights | type | shape | source | SHA-256 |", "|---|---|---|---|---|"]
        for each in network["weights"]:
            digest = f"`{each['sha256'][:16]}...`"
            lines.append(f"| {each['name']} | {each['type']} | {_sizes(each)} | {each['source']} | {digest} |")
        lines += ["", "| operator | results | source |", "|---|---|---|"]
        for each in network["operators"]:
            results = ", ".join(f"{result['name']} {_sizes(result)}".strip() for result in each["results"])
            lines.append(f"| {each['operator']} | {results} | {each['source']} |")
        lines.append("")
    lines += [
        "## Errors",
        "",
        "The C against the simulator: 0, bit for bit. Elementary functions against the exact ones, in",
    ]
    lines += ["units in the last place:", "", "| function | error | found by |", "|---|---|---|"]
    lines += [f"| {f['function']} | {f['error_ulp']} | {f['evidence']} |" for f in described["elementary_functions"]]
    return "\n".join([*lines, "", f"Training: {described['training']}.", ""])


def _sizes(described: Mapping[str, Any]) -> str:
    return " x ".join(map(str, described["shape"]))


def _networks(draft: Draft, program: Program) -> Iterator[dict[str, Any]]:
    order = _order(draft)
    nodes = {node.name: node for node in program.nodes}
    for own in draft.plan.machines:
        weights = [slot for slot in own.machine.constants if isinstance(slot.type, TensorType)]
        node = nodes.get(own.machine.name)
        if not weights or node is None:
            continue
        placed = [(min(lines), e) for e in node.equations if (lines := _lines(e, order))]
        named = [e for _, e in sorted(placed, key=lambda pair: pair[0])]
        yield {
            "node": own.machine.label or own.machine.name,
            "inputs": [_stream(v) for v in node.inputs],
            "outputs": [_stream(v) for v in node.outputs],
            "state": [_slot(slot) for slot in own.machine.state],
            "parameters": sum(int(np.prod(shape(slot.type))) for slot in weights),
            "weights": [_weights(slot, draft.origins) for slot in weights],
            "sha256": _digest(weights),
            "operators": [_operator(e, draft.origins) for e in named],
        }


def _order(draft: Draft) -> dict[tuple[Span, str], int]:
    """The first line of C of each stream, by where and under which name it is stated."""
    found: dict[tuple[Span, str], int] = {}
    for number, line in enumerate(draft.code[f"src/{draft.node}.c"]):
        if line.origin is not None:
            found.setdefault((line.origin.span, line.origin.stream), number)
    return found


def _lines(equation: Equation, order: Mapping[tuple[Span, str], int]) -> list[int]:
    places = [(span, t.name) for t in equation.targets for span in (equation.span, t.span)]
    return [order[place] for place in places if place in order]


def _operator(equation: Equation, origins: Sources) -> dict[str, Any]:
    match equation.rhs:
        case Apply():
            what = equation.rhs.op.value
        case Fby():
            what = "register"
        case Call() | Iterate():
            what = f"node {equation.rhs.node}"
        case _:
            what = type(equation.rhs).__name__.lower()
    return {
        "operator": what,
        "results": [_stream(target) for target in equation.targets],
        "source": origins.line(equation.span),
    }


def _stream(var: Var) -> dict[str, Any]:
    return {"name": var.name, **_type(var.type)}


def _slot(slot: Slot) -> dict[str, Any]:
    return {"name": slot.name, **_type(slot.type)}


def _type(kind: Type) -> dict[str, Any]:
    return {"type": str(element(kind)), "shape": list(shape(kind))}


def _bytes(slot: Slot) -> bytes:
    contents = slot.initial.value if isinstance(slot.initial, Const) else slot.initial
    assert isinstance(contents, Array)
    values = contents.numpy()
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()


def _weights(slot: Slot, origins: Sources) -> dict[str, Any]:
    source = "" if slot.origin is None else origins.line(slot.origin.span)
    return {**_slot(slot), "sha256": hashlib.sha256(_bytes(slot)).hexdigest(), "source": source}


def _digest(weights: list[Slot]) -> str:
    """The digest of the digests' subjects one after the other, in the order of the list."""
    digest = hashlib.sha256()
    for slot in weights:
        digest.update(_bytes(slot))
    return digest.hexdigest()


def _functions(draft: Draft) -> Iterator[dict[str, Any]]:
    known = {function(op, kind).name: (op, kind) for op in ELEMENTARY for kind in (F32, F64)}
    for each, name in draft.plan.functions.items():
        if each.name in known:
            found = CERTIFICATES[known[each.name]]
            yield {
                "function": name,
                "error_ulp": found.error_ulp,
                "evidence": found.evidence.value,
                "low": repr(found.low),
                "high": repr(found.high),
            }
