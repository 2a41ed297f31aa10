"""Locals that no rule shows to be written before they are read start at zero.

Rule: a merge whose branches run under conditions that only arithmetic relates (two phases of one rate) always has a
value where it is read, but the text of the code does not show it; a compiler, and `syncml.ir.step.check`, would
complain. Such a local is set to zero at the start of the step.
"""

from __future__ import annotations

from dataclasses import replace

from syncml.ir.constants import zero
from syncml.ir.step.assignment import unassigned
from syncml.ir.step.lowering.slots import place
from syncml.ir.step.lowering.tensors import nest
from syncml.ir.step.syntax import Assign, Literal, Machine, Stmt
from syncml.ir.types import element, shape


def default_locals(machine: Machine) -> Machine:
    """Set every local to zero that is not shown to be written before it is read."""
    start: list[Stmt] = []
    for slot in unassigned(machine):
        initial = Literal(zero(element(slot.type)))
        start += nest(shape(slot.type), lambda i, slot=slot, initial=initial: [Assign(place(slot, i), initial)])
    return replace(machine, body=(*start, *machine.body)) if start else machine
