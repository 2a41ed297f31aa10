"""Runs that meet the assumptions of a program, and inputs as the interpreter takes them.

A run ends where an assumption fails; what came before stays, and the rest is drawn anew until the run is long enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from syncml.ir.equations.syntax import Node
from syncml.ir.types import EnumType, element, shape
from syncml.verify.sampling import sample
from tests.soundness.machine import Arrays, Machine, within


def legal_run(machine: Machine, generator: np.random.Generator, ticks: int, tries: int) -> tuple[Arrays, int]:
    """Inputs of a run that meets the assumptions, and how long it does."""
    inputs = sample(machine.node, ticks, generator)
    length = within(machine.run(inputs, ticks), ticks)
    for _ in range(tries):
        if length == ticks:
            break
        again = sample(machine.node, ticks, generator)
        for name, values in inputs.items():
            again[name][:length] = values[:length]
        reached = within(machine.run(again, ticks), ticks)
        if reached >= length:
            inputs, length = again, reached
    return inputs, length


def rows(inputs: Arrays, node: Node, ticks: int) -> dict[str, Sequence[Any]]:
    """Arrays as the interpreter takes them: enumerations by name."""
    result: dict[str, Sequence[Any]] = {}
    for var in node.inputs:
        kind, values = element(var.type), inputs[var.name][:ticks]
        if isinstance(kind, EnumType):
            names = np.array(kind.constructors, dtype=np.object_)
            result[var.name] = list(names[values.astype(np.int64)])
        else:
            result[var.name] = list(values.tolist()) if not shape(var.type) else list(values)
    return result
