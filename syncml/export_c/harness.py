"""What runs the node on the desk: the replay of recorded vectors and the time of a step.

Rule: the harness knows the node by its header and the table of its leaves; it is not part of the delivered code.
"""

from __future__ import annotations

from syncml.export_c.draft import Draft, Files, template
from syncml.export_c.leaves import Leaf
from syncml.export_c.saving import quoted
from syncml.export_c.vectors import encode


def harness(draft: Draft) -> Files:
    """``harness.c``, ``timing.c`` and, where a run was recorded, ``vectors.bin``."""
    found, node = draft.leaves, draft.node
    groups = {"INPUT": (found.inputs, "in"), "OUTPUT": (found.outputs, "out"), "STATE": (found.state, "state")}
    values = {"NODE": node, "HASH": f"0x{found.layout_hash:016X}"}
    for group, (rows, struct) in groups.items():
        values[f"{group}_COUNT"] = str(len(rows))
        values[f"{group}_BYTES"] = str(sum(leaf.size * leaf.count for leaf in rows))
        table = "\n".join(_row(leaf, f"{node}_{struct}") for leaf in rows)
        values["STATE" if group == "STATE" else f"{group}S"] = table
    # Each task runs to its end directly after the step in which it is due.
    values["JOBS"] = "".join(
        f"    if (state->{job.flag('due')}) {{\n        {job.step}(state);\n    }}\n" for job in draft.plan.jobs
    )
    values["SAVES"] = "1" if found.stored else "0"
    files = {"harness/harness.c": template("harness.c", values), "harness/timing.c": template("timing.c", values)}
    if draft.options.vectors is not None:
        files["harness/vectors.bin"] = encode(found, draft.options.vectors)
    return files


def _row(leaf: Leaf, struct: str) -> str:
    name = quoted(leaf.name)
    stride = "sizeof(bool)" if leaf.kind == "bool" else f"{leaf.size}U"
    offset = f"offsetof({struct}, {leaf.designator})"
    return f"    {{\"{name}\", {offset}, {leaf.count}U, {leaf.size}U, {stride}, '{leaf.kind[0]}'}},"
