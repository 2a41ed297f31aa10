"""What runs the node on a processor that is not this machine's: start-up code, linker script and rules of make.

Rule: the same harness and the same vectors run there, through semihosting, so equal bits on the desk and on the target
are one test with two compilers.
"""

from __future__ import annotations

from syncml.export_c.draft import Draft, Files, template
from syncml.export_c.targets import Region, TargetMachine

_FILES = ("startup.c", "memory.ld", "target.mk", "instructions.c")


def emulated(draft: Draft) -> Files:
    """The files for the emulator of the target, if it has one."""
    machine = draft.options.target
    if machine.emulator is None:
        return {}
    values = {
        "NODE": draft.node,
        "TARGET": machine.name,
        "TITLE": machine.title,
        "COMPILER": machine.compilers[0],
        "FLAGS": " ".join(machine.flags),
        "CONSTANT": " ".join(machine.branchless),
        "EMULATOR": machine.emulator.program,
        "MACHINE": machine.emulator.machine,
        "MEMORY": _memory(machine),
    }
    return {f"harness/{name}": template(f"cortex_m/{name}", values) for name in _FILES}


def _memory(machine: TargetMachine) -> str:
    return "\n".join(map(_region, machine.memory))


def _region(region: Region) -> str:
    rights = "rwx" if region.writable else "rx"
    return f"    {region.name} ({rights}) : ORIGIN = 0x{region.origin:08X}, LENGTH = {region.size // 1024}K"
