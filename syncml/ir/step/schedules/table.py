"""The cost table: which form of a loop a machine is given.

Rule: a row never changes a value, since every schedule keeps the order of additions of each result. It only says what
was measured to be fast: the figures, and how to measure them again, are in ``docs/reference/exported-c.md``.

The form depends on who keeps the sums in registers. Where the compiler has vectors, a loop over results is left to
it: several terms at a time, so that a sum is loaded and stored once for all of them, and for several positions that
share weights, so that a weight is loaded once for all of those. That needs no unrolling by the compiler, is fast at
``-O2`` too, and is the same for every width of vectors. Where it has none, sums are scalars in registers, and
the tile is written out.
"""

from __future__ import annotations

from syncml.dataclass import dataclass

NEVER = 1 << 62
"""More bytes than any maps need."""


@dataclass(frozen=True, slots=True)
class LoopRow:
    """How sums of one kind of numbers are computed.

    Attributes:
        results: The most neighbouring results that are computed together, in the innermost loop.
        positions: The most results along another axis that share an operand with those.
        terms: How many terms one statement adds.
        alone: How many where no position shares an operand, and a sum is loaded for its terms alone; ``terms`` if 0.
        written_out: Whether the results of a tile are written out, each in a scalar.
        few: Up to so many results, one statement adds ``terms_of_few`` terms. A compiler that unrolls short loops first
            makes no vectors of them; so much in one iteration is too much to unroll.
        terms_of_few: See ``few``.
        packed: An operand whose elements for neighbouring results lie apart is copied so that they lie side by side, if
            each is read for at least so many results (`packing`); 0 for never.
        apart: So many results are written out where such an operand stays as it is; 0 for no exception.
    """

    results: int
    positions: int
    terms: int
    alone: int = 0
    written_out: bool = False
    few: int = 0
    terms_of_few: int = 0
    packed: int = 0
    apart: int = 0


@dataclass(frozen=True, slots=True)
class LoopTable:
    """The rows of one machine.

    Attributes:
        floats: For floating-point numbers that the processor computes.
        integers: For integers.
        called: For floating-point numbers that a library computes: the loop hardly matters, the size of code does.
        doubles_called: Whether a library computes binary64 numbers.
        copies: Whether copies of tensors that nobody needs are left out (`copies`).
        channels_last: Whether local tensors of many channels over a short row have their channels last (`axes`): for
            compilers with vectors, and because a convolution of 1 x 1 then reads and writes position by position, so
            that its result may lie where what it has read was.
        lines: Maps that need more than so many bytes at one moment are computed row by row, with line buffers in the
            place of maps (`lines`), where that takes less memory: what a step may have on the stack.
        overlap: Whether pointers that might be to one memory keep them from it (`pointers`).
        branches: Whether they may make a branch of a choice between two computed numbers, which does too (`masks`).
    """

    floats: LoopRow
    integers: LoopRow
    called: LoopRow
    doubles_called: bool = False
    copies: bool = False
    channels_last: bool = False
    lines: int = NEVER
    overlap: bool = False
    branches: bool = False


_VECTORS = LoopRow(results=64, positions=5, terms=2, alone=4, few=16, terms_of_few=8)
_SMALL = LoopRow(results=4, positions=1, terms=1, written_out=True)

VECTOR_LOOPS = LoopTable(_VECTORS, _VECTORS, _VECTORS, channels_last=True, lines=1 << 18, overlap=True, branches=True)
"""A processor with vectors, whatever their width, and a C compiler."""

_SIMULATION = LoopRow(results=64, positions=4, terms=2, few=16, terms_of_few=8, packed=4, apart=8)

SIMULATION_LOOPS = LoopTable(_SIMULATION, _SIMULATION, _SIMULATION, copies=True, channels_last=True)
"""The machine that simulates, and LLVM: it keeps tiles of 4 x 64 sums in vector registers of its own accord, tests at
run time whether arrays overlap, and has an instruction for a choice."""

GENERIC_LOOPS = LoopTable(_VECTORS, _VECTORS, _VECTORS, lines=4096)
"""A machine that nothing is known of: short code that a compiler can make vectors of."""

CORTEX_M4F_LOOPS = LoopTable(
    floats=LoopRow(results=20, positions=5, terms=1, alone=2, written_out=True),
    integers=LoopRow(results=4, positions=2, terms=2, written_out=True),
    called=_SMALL,
    doubles_called=True,
    channels_last=True,
    lines=4096,
)
"""32 scalar registers for floats, 13 for integers. One term at a time keeps the sums of 5 x 4 results in registers."""

CORTEX_M3_LOOPS = LoopTable(
    floats=_SMALL,
    integers=LoopRow(results=4, positions=2, terms=2, written_out=True),
    called=_SMALL,
    doubles_called=True,
    channels_last=True,
    lines=4096,
)
"""13 registers for integers; a library computes floats."""
