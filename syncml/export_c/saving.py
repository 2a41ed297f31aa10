"""Saving and restoring a node that runs: its registers by name, and its whole state as bytes.

Rule: what is saved is everything that a step may read before it writes it: the registers of the node and of its
instances, and the outputs that keep their value. A saved state begins with a hash of their names, types and sizes, and
what does not fit is refused before anything is changed.
"""

from __future__ import annotations

from syncml.export_c.draft import Draft, Files, template
from syncml.export_c.leaves import Leaf


def saving(draft: Draft) -> Files:
    """``<node>_state.h`` and ``<node>_state.c``, where the node remembers anything."""
    node, stored = draft.node, draft.leaves.stored
    if not stored:
        return {}
    values = {
        "NODE": node,
        "GUARD": f"{node.upper()}_STATE_H",
        "COUNT": str(len(stored)),
        "LAYOUT": ", ".join(f"0x{byte:02X}U" for byte in draft.leaves.stored_hash.to_bytes(8, "little")),
        "SAVED": str(8 + sum(leaf.size * leaf.count for leaf in stored)),
        "LONGEST": str(1 + max(len(leaf.name.encode()) for leaf in stored)),
        "LEAVES": "\n".join(_row(leaf, f"{node}_state") for leaf in stored),
    }
    return {
        f"include/{node}_state.h": template("state.h", values),
        f"src/{node}_state.c": template("state.c", values),
    }


def _row(leaf: Leaf, struct: str) -> str:
    offset = f"(uint32_t)offsetof({struct}, {leaf.designator})"
    flag = "true" if leaf.kind == "bool" else "false"
    return f'    {{"{quoted(leaf.name)}", "{leaf.scalar}", {flag}, {offset}, {leaf.count}U, {leaf.size}U}},'


def quoted(name: str) -> str:
    """A name between the quotes of a string of C."""
    return name.replace("\\", "\\\\").replace('"', '\\"')
