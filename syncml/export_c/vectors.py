"""Recorded vectors: what went in, what must come out, and what must be remembered.

Rule: the format is that of the comment in ``harness.c``: little endian, leaves in the order of `leaves`, no padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.export_c.leaves import Leaf, Leaves
from syncml.ir.constants import dtype
from syncml.ir.types import element, shape

Values = Mapping[str, NDArray[Any]]
"""For each leaf by name an array whose first axis is the step, the others those of the leaf's type."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """A recorded run of ``steps`` ticks.

    Attributes:
        inputs: Every input; any value where it is absent.
        outputs: The outputs to compare; one that is missing is not compared.
        present: For each output the ticks at which it is present, and so compared (default: all).
        state: The registers to compare after each tick, by path; one that is missing is not compared.
        state_ticks: The ticks after which the state is compared (default: all, if there is any state).
    """

    steps: int
    inputs: Values
    outputs: Values = field(default_factory=lambda: MappingProxyType({}))
    present: Mapping[str, NDArray[np.bool_]] = field(default_factory=lambda: MappingProxyType({}))
    state: Values = field(default_factory=lambda: MappingProxyType({}))
    state_ticks: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """What the harness computed: every output and every register after each tick, by name."""

    outputs: Values
    state: Values


def _little(leaf: Leaf) -> np.dtype[Any]:
    return np.dtype(dtype(element(leaf.type))).newbyteorder("<")


def _columns(leaves: tuple[Leaf, ...], values: Values, steps: int, *, all_needed: bool) -> NDArray[np.uint8]:
    """The bytes of ``leaves`` as a matrix with one row for each step; zero where there are no values."""
    parts: list[NDArray[np.uint8]] = []
    for leaf in leaves:
        width = leaf.size * leaf.count
        if leaf.name not in values:
            if all_needed:
                raise ValueError(f"no values for {leaf.name}")
            parts.append(np.zeros((steps, width), dtype=np.uint8))
            continue
        array = np.asarray(values[leaf.name])
        if array.shape != (steps, *shape(leaf.type)):
            raise ValueError(f"{leaf.name}: values of shape {array.shape}, not {(steps, *shape(leaf.type))}")
        rows = np.ascontiguousarray(array, dtype=_little(leaf)).reshape(steps, leaf.count)
        parts.append(rows.view(np.uint8).reshape(steps, width))
    return np.concatenate(parts, axis=1) if parts else np.zeros((steps, 0), dtype=np.uint8)


def encode(leaves: Leaves, vectors: Vectors) -> bytes:
    """The vector file of ``vectors``.

    Raises:
        ValueError: an input is missing, or an array has the wrong shape.
    """
    steps = vectors.steps
    inputs = _columns(leaves.inputs, vectors.inputs, steps, all_needed=True)
    outputs = _columns(leaves.outputs, vectors.outputs, steps, all_needed=False)
    present = np.zeros((steps, len(leaves.outputs)), dtype=np.uint8)
    for position, leaf in enumerate(leaves.outputs):
        if leaf.name in vectors.outputs:
            present[:, position] = vectors.present.get(leaf.name, np.ones(steps, dtype=np.bool_))
    state = _columns(leaves.state, vectors.state, steps, all_needed=False)
    ticks = vectors.state_ticks
    if ticks is None:
        ticks = np.full(steps, bool(vectors.state))
    head = b"SYNCMLV1" + leaves.layout_hash.to_bytes(8, "little") + steps.to_bytes(4, "little")
    mask = bytes(int(leaf.name in vectors.state) for leaf in leaves.state)
    fixed = np.concatenate([inputs, present, outputs], axis=1)
    records = (fixed[k].tobytes() + (b"\1" + state[k].tobytes() if ticks[k] else b"\0") for k in range(steps))
    return head + mask + b"".join(records)


def decode_results(leaves: Leaves, data: bytes) -> Results:
    """What a results file of the harness says.

    Raises:
        ValueError: the data are no results of this program, or end early.
    """
    if data[:8] != b"SYNCMLR1" or data[8:16] != leaves.layout_hash.to_bytes(8, "little"):
        raise ValueError("not the results of this program")
    steps = int.from_bytes(data[16:20], "little")
    both = (*leaves.outputs, *leaves.state)
    width = sum(leaf.size * leaf.count for leaf in both)
    if len(data) != 20 + steps * width:
        raise ValueError("the results end early")
    matrix = np.frombuffer(data, dtype=np.uint8, offset=20).reshape(steps, width)
    found: list[NDArray[Any]] = []
    position = 0
    for leaf in both:
        end = position + leaf.size * leaf.count
        columns = np.ascontiguousarray(matrix[:, position:end])
        values = columns.view(_little(leaf)).reshape(steps, *shape(leaf.type))
        found.append(values.astype(dtype(element(leaf.type))))
        position = end
    named = list(zip((leaf.name for leaf in both), found, strict=True))
    outputs = len(leaves.outputs)
    return Results(dict(named[:outputs]), dict(named[outputs:]))
