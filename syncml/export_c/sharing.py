"""Which tensors of a program share memory in C.

Rule: those of at least so many bytes, by `syncml.ir.step.overlay`, in machines that are prepared for C; what C sets to
zero at first keeps a place of its own.
"""

from __future__ import annotations

from dataclasses import replace

from syncml.export_c.assignment import analyse
from syncml.export_c.prepare import prepare
from syncml.ir.step.overlay import Placement, overlay, place_tensors
from syncml.ir.step.syntax import Machine, StepProgram


def placed(machine: Machine, large: int) -> Placement:
    """A machine that is prepared for C, with the places of its tensors of at least ``large`` bytes."""
    return place_tensors(machine, large, analyse(machine.body).exposed)


def share_memory(program: StepProgram, large: int) -> StepProgram:
    """The program as it is printed in C: prepared, its tensors of at least ``large`` bytes in their places."""
    machines = tuple(overlay(placed(prepare(machine), large)) for machine in program.machines)
    jobs = tuple(replace(job, machine=overlay(placed(prepare(job.machine), large))) for job in program.jobs)
    return replace(program, machines=machines, jobs=jobs)
