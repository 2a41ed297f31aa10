"""The functions of the engine, made known to Numba, which compiles them into the modules that call them.

They allocate nothing, so that Numba need not count references to their arrays, which took half of their time.
Importing this module imports Numba: only generated modules do.
"""

# Numba carries no types; its values are `Any` from here on.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from numba.extending import register_jitable  # noqa: TID253

from syncml.scenario import engine, measures, motion, roads

for _module in (roads, measures, motion, engine):
    for _function in [f for f in vars(_module).values() if getattr(f, "__module__", None) == _module.__name__]:
        if callable(_function) and not isinstance(_function, type):
            register_jitable(error_model="numpy", _nrt=False)(_function)

from syncml.scenario.arrays import State, Table  # noqa: E402
from syncml.scenario.engine import step, stopped  # noqa: E402

__all__ = ["State", "Table", "step", "stopped"]
