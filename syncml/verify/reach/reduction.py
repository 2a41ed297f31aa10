"""Fewer unknowns: what the registers share is kept as long as it matters.

Rule (Girard): unknowns whose part in all registers is small, or lies along one register only, are replaced by an
interval for each register, which contains what they could do together. Every interval then becomes an unknown of its
own, so that it is carried through the next ticks as a dependence and not as a width. The unknowns of the initial values
are always kept: splitting needs them.
"""

from __future__ import annotations

import numpy as np

from syncml.ir.equations.syntax import Var
from syncml.verify.networks.rounding import Floats, up
from syncml.verify.reach.forms import Form, Symbols, form
from syncml.verify.reach.tick import Memory


def reduced(memory: Memory, symbols: Symbols, kept: int, most: int) -> Memory:
    """The memory with at most ``most`` unknowns beside the first ``kept`` and one for each element of a register."""
    floats = {v: x for v, x in memory.registers.items() if isinstance(x, Form)}
    if not floats:
        return memory
    boxes = max(x.center.shape[0] for x in floats.values())

    def whole(part: Floats) -> Floats:
        return np.broadcast_to(part, (boxes, *part.shape[1:]))

    center = np.concatenate([whole(x.center) for x in floats.values()], axis=1)
    radius = np.concatenate([whole(x.radius) for x in floats.values()], axis=1)
    generators = np.concatenate([whole(x.padded(symbols.count)) for x in floats.values()], axis=1)
    used = np.flatnonzero(generators.any(axis=(0, 1)))
    late = used[used >= kept]
    if late.size > most:
        sizes = np.abs(generators[:, :, late])
        scale = sizes.sum(axis=2, keepdims=True) + 1e-300
        # What a box around the generator would add, relative to the spread of each register, in the worst box.
        share = sizes / scale
        cost = (share.sum(axis=1) - share.max(axis=1)).max(axis=0)
        gone = late[np.argsort(cost, kind="stable")[: late.size - most // 2]]
        radius = up(radius + np.abs(generators[:, :, gone]).sum(axis=2))
        late = np.setdiff1d(late, gone)
    finite = np.isfinite(radius)
    wide = np.flatnonzero((finite & (radius > 0.0)).any(axis=0))
    columns = np.concatenate([np.arange(kept), late])
    symbols.count = columns.size + wide.size
    packed = np.zeros((boxes, center.shape[1], symbols.count))
    packed[:, :, : columns.size] = generators[:, :, columns]
    packed[:, wide, columns.size + np.arange(wide.size)] = np.where(finite, radius, 0.0)[:, wide]
    left = np.where(finite, 0.0, np.inf)
    return _split(memory, floats, center, packed, left)


def _split(memory: Memory, floats: dict[Var, Form], center: Floats, generators: Floats, radius: Floats) -> Memory:
    registers = dict(memory.registers)
    start = 0
    for var, old in floats.items():
        end = start + old.center.shape[1]
        registers[var] = form(center[:, start:end], generators[:, start:end], radius[:, start:end])
        start = end
    return Memory(registers, memory.letters, memory.ages)
