"""The machines that a package is made for.

Rule: a target says what the processor has and how its compiler is called; it never changes a value that the program
computes. Every choice that depends on a target (the order of loops, where arrays lie) reads it from here.
"""

from __future__ import annotations

from difflib import get_close_matches
from enum import Enum

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.step.schedules import CORTEX_M3_LOOPS, CORTEX_M4F_LOOPS, GENERIC_LOOPS, VECTOR_LOOPS, LoopTable


class FloatUnit(Enum):
    """Which floating-point numbers the processor computes itself; a library computes the others."""

    NONE = "none"
    SINGLE = "single"
    DOUBLE = "double"


@dataclass(frozen=True, slots=True)
class Region:
    """A piece of memory: where it starts, how many bytes it has, and whether the program can write to it."""

    name: str
    origin: int
    size: int
    writable: bool


@dataclass(frozen=True, slots=True)
class Emulator:
    """How QEMU runs a program for the machine without its hardware."""

    program: str
    machine: str


@dataclass(frozen=True, slots=True)
class InstructionTable:
    """The instructions of each kind of work on a machine.

    Attributes:
        access: An element of an array, read or written, with what computes its place.
        loop: An iteration.
        test: A test, or a choice between two values.
        call: A call of an instance.
        integer: An operation on integers of at most 32 bits, or on truth values.
        long: One on integers of 64 bits.
        single: An addition, multiplication, comparison or conversion of binary32 numbers.
        single_division: A division or square root of those.
        double: An addition, multiplication, comparison or conversion of binary64 numbers.
        double_division: A division or square root of those.
        within: On each program of the corpus, what is counted lies within this factor of the estimate; 0 where nothing
            was counted.
    """

    access: float
    loop: float
    test: float
    call: float
    integer: float
    long: float
    single: float
    single_division: float
    double: float
    double_division: float
    within: float = 0.0


SCALAR_INSTRUCTIONS = InstructionTable(
    access=1, loop=1, test=1, call=4, integer=1, long=1, single=1, single_division=1, double=1, double_division=1
)
"""A processor that computes all numbers itself, one at a time. Vectors take a part of it; nothing was counted."""

CORTEX_M4F_INSTRUCTIONS = InstructionTable(
    access=1.1,
    loop=0.7,
    test=4.0,
    call=4,
    integer=1.2,
    long=3.0,
    single=1.0,
    single_division=1,
    double=55,
    double_division=100,
    within=1.3,
)
"""gcc 12.2 ``-O2``. A choice between two floats is a comparison, a transfer of its flags and two moves."""

CORTEX_M3_INSTRUCTIONS = InstructionTable(
    access=1.1,
    loop=1.0,
    test=3.0,
    call=4,
    integer=1.5,
    long=4.0,
    single=36,
    single_division=140,
    double=55,
    double_division=100,
    within=1.4,
)
"""gcc 12.2 ``-O2``, with its library for floating-point numbers, whose time depends on them."""


@dataclass(frozen=True, slots=True)
class TargetMachine:
    """A machine that a package is made for.

    Attributes:
        name: What ``--target`` takes.
        title: The same for a reader.
        compilers: The commands of the C compilers for it, the first by default.
        flags: What they need to hear about the processor.
        branchless: What keeps the first of them from making branches of choices between two values.
        float_unit: The floating-point numbers that the processor computes.
        word_bits: The width of its integer registers.
        alignment: Constant arrays start at a multiple of so many bytes, the length of a line of its cache, so that no
            load of a vector needs two lines; 0 where compilers use no vectors.
        float_registers: How many scalars, or vectors, of floats it holds in registers.
        memory: Its memory, nothing where that is not known.
        emulator: How to run a program for it here; None where ``make check`` runs on it directly.
        loops: The form that loops are given.
        stack: The bytes of local variables that a step may have on the stack, if nothing else is said.
        instructions: What a tick costs, by an estimate.
    """

    name: str
    title: str
    compilers: tuple[str, ...]
    flags: tuple[str, ...]
    branchless: tuple[str, ...]
    float_unit: FloatUnit
    word_bits: int
    alignment: int
    float_registers: int
    memory: tuple[Region, ...] = ()
    emulator: Emulator | None = None
    loops: LoopTable = GENERIC_LOOPS
    stack: int = 4096
    instructions: InstructionTable = SCALAR_INSTRUCTIONS


_GCC_BRANCHLESS = ("-fno-tree-sink", "-fno-tree-pre", "-fno-split-paths", "-fno-thread-jumps")

_MPS2 = (Region("flash", 0x0000_0000, 4 << 20, writable=False), Region("ram", 0x2000_0000, 4 << 20, writable=True))
"""The memory of the boards AN385 and AN386, on which QEMU runs."""

HOST = TargetMachine(
    "host",
    "this machine",
    ("cc", "gcc", "clang"),
    (),
    (),
    FloatUnit.DOUBLE,
    64,
    64,
    16,
    loops=VECTOR_LOOPS,
    stack=1 << 18,
)
GENERIC_C99 = TargetMachine(
    "generic-c99", "any C99 compiler with IEEE-754 numbers", ("cc", "gcc", "clang"), (), (), FloatUnit.DOUBLE, 32, 0, 8
)
CORTEX_M4F = TargetMachine(
    "cortex-m4f",
    "Arm Cortex-M4 with single-precision floating-point unit",
    ("arm-none-eabi-gcc",),
    ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    _GCC_BRANCHLESS,
    FloatUnit.SINGLE,
    32,
    0,
    32,
    _MPS2,
    Emulator("qemu-system-arm", "mps2-an386"),
    CORTEX_M4F_LOOPS,
    instructions=CORTEX_M4F_INSTRUCTIONS,
)
CORTEX_M3 = TargetMachine(
    "cortex-m3",
    "Arm Cortex-M3, floating-point numbers by the compiler's library",
    ("arm-none-eabi-gcc",),
    ("-mcpu=cortex-m3", "-mthumb"),
    _GCC_BRANCHLESS,
    FloatUnit.NONE,
    32,
    0,
    0,
    _MPS2,
    Emulator("qemu-system-arm", "mps2-an385"),
    CORTEX_M3_LOOPS,
    instructions=CORTEX_M3_INSTRUCTIONS,
)

TARGETS = (HOST, CORTEX_M4F, CORTEX_M3, GENERIC_C99)


def target_machine(name: str) -> TargetMachine:
    """The target that ``--target`` names; ``c`` is another name of ``host``.

    Raises:
        DiagnosticError: U001, there is none of this name.
    """
    found = {machine.name: machine for machine in TARGETS} | {"c": HOST}
    if name in found:
        return found[name]
    near = get_close_matches(name, found, 1)
    names = ", ".join(machine.name for machine in TARGETS)
    advice = f"write `--target {near[0]}`" if near else f"write one of {names}, or lustre"
    raise DiagnosticError(
        error("U001", f"there is no target {name!r}", notes=(f"targets: {names}, lustre",), help=advice)
    )
