"""How a package is built: a makefile that also checks it, and CMake for projects that take it in as a library.

Rule: both compile ``src`` with ``include`` in the path and without contraction of floating-point operations; whatever
else a part can check is in a file ``harness/*.mk`` or ``evidence/*.mk`` of its own.
"""

from __future__ import annotations

from syncml.export_c.draft import Draft, Files, template


def build_files(draft: Draft) -> Files:
    """``Makefile`` and ``CMakeLists.txt``."""
    own = " ".join(draft.compiled)
    # The files in which the user supplies external functions, unless the user says others.
    supplied = " ".join(f"{each.machine.external}.c" for each in draft.plan.machines if each.machine.external)
    make = {
        "NODE": draft.node,
        "SOURCES": f"{own} $(EXTERNAL)\nEXTERNAL = {supplied}" if supplied else own,
        "LIBRARIES": " -lm" if draft.links_math else "",
    }
    cmake = {
        "NODE": draft.node,
        "SOURCES": own,
        "LINK": f"\ntarget_link_libraries({draft.node} PUBLIC m)" if draft.links_math else "",
        "EXTERNAL": supplied,
    }
    return {"Makefile": template("Makefile", make), "CMakeLists.txt": template("CMakeLists.txt", cmake)}
