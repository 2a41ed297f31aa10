"""Line buffers: a chain of maps computed row by row, in the place of map by map.

    for t < n + delay of the last map:
        for each map M in order:  its row t - delay(M), if it has such a row
        of M, as many older rows are kept as its readers reach back

Rule: row r of a map is computed in iteration ``r + delay``, the least delay with which each row that it reads has been
computed: delay(M) = max over the rows of S that it reads of (delay(S) + their distance). What is kept of a map that is
read by its neighbours alone are then a few rows, a line buffer, and not all of them. Every number is computed by the
same operations in the same order as before, and none is computed twice; only the order of the results is another one.

A row that is not there at some iteration (the first rows of the last maps, the last ones of the first) is zero in its
place, and nobody reads it. What a map has at every row, such as the padding beside it, is not kept but set again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from syncml.ir.step.overlay import live_peak, private_slots
from syncml.ir.step.schedules.axes import in_order
from syncml.ir.step.schedules.line_loops import LineLoop
from syncml.ir.step.schedules.line_maps import Group, group_at
from syncml.ir.step.schedules.line_times import times_of
from syncml.ir.step.syntax import For, If, Machine, Slot, Stmt, Switch
from syncml.ir.step.traverse import blocks, statements, with_blocks, writes

GAIN = 0.75
"""Loops are fused where at most so much of the memory for live tensors is left."""


def with_lines(machine: Machine, threshold: int, gain: float = GAIN) -> Machine:
    """``machine`` with line buffers, where more than ``threshold`` bytes of its tensors are live at one moment.

    A group of loops is fused if at most ``gain`` of these bytes are left.
    """
    before = live_peak(machine)
    if before <= threshold:
        return machine
    # A nest for each stretch of rows, if one has several.
    split = replace(machine, body=in_order(machine.body, machine.locals))
    private = private_slots(split.body)
    written = Counter(slot for stmt in statements(split.body) for slot in writes(stmt))
    for block, group in _groups(split.body, private, written):
        made = _fused(split, block, group)
        if made is not None and live_peak(made) <= gain * before:
            # What is left may hold another group.
            return with_lines(made, threshold, gain)
    return machine


def _groups(
    body: tuple[Stmt, ...], private: Mapping[Slot, int], written: Counter[Slot]
) -> Iterable[tuple[tuple[Stmt, ...], Group]]:
    """The groups of all blocks outside of loops, those of the most statements first."""
    found: list[tuple[tuple[Stmt, ...], Group]] = []
    stack = [body]
    while stack:
        block = stack.pop()
        reached = 0
        for position, stmt in enumerate(block):
            if isinstance(stmt, If | Switch):
                stack += blocks(stmt)
            elif isinstance(stmt, For) and (group := group_at(block, position, private, written)) is not None:
                if group.stop > reached:
                    found.append((block, group))
                reached = max(reached, group.stop)
    return sorted(found, key=lambda item: item[1].start - item[1].stop)


def _fused(machine: Machine, block: tuple[Stmt, ...], group: Group) -> Machine | None:
    """The machine with one loop in the place of ``group``; None where no map is read by its neighbours alone."""
    times = times_of(group, machine, block)
    if times.whole.issuperset(group.maps):
        return None
    loop, machine = LineLoop(machine, times).run()
    new = (*block[: group.start], *loop, *block[group.stop :])
    return replace(machine, body=_in_place_of(machine.body, block, new))


def _in_place_of(body: tuple[Stmt, ...], block: tuple[Stmt, ...], new: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """``body`` with ``new`` where the statement list ``block`` is."""
    if body is block:
        return new
    done: list[Stmt] = []
    for stmt in body:
        inner = () if isinstance(stmt, For) else blocks(stmt)
        done.append(with_blocks(stmt, tuple(_in_place_of(b, block, new) for b in inner)) if inner else stmt)
    return tuple(done)
