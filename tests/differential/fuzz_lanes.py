"""Many runs at once against the interpreter at length: every accepted program, every operator, random programs.

    python -m tests.differential.fuzz_lanes [PROGRAMS] [SEED]

Prints a line for each kind of program and stops at the first difference.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from syncml.clock_calculus import infer_clocks
from syncml.ir.equations.syntax import Program
from syncml.ir.step.lowering import Observe
from syncml.pipeline import Checked, check, load
from tests.support.kernels import accepted, kernels
from tests.support.lanes import ACCEPTED, assert_runs_agree
from tests.support.operators import KINDS, PROGRAMS
from tests.support.programs import programs


def fixed() -> Iterator[tuple[str, Checked]]:
    """The programs that are the same each time."""
    for path in ACCEPTED:
        yield path.stem, check(load(str(path)))
    for kind in KINDS:
        yield str(kind), Checked(infer_clocks(PROGRAMS[str(kind)]))


def random(count: int, first: int) -> None:
    """Programs of both generators, in lanes, widths and chunks of any number."""
    base = settings(
        max_examples=count,
        suppress_health_check=list(HealthCheck),
        derandomize=False,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
    )

    @seed(first)
    @base
    @given(
        # Segments are lowered to streams of other names, so of kernels only outputs compare.
        drawn=st.one_of(
            st.tuples(programs(), st.sampled_from((Observe.ALL, Observe.OUTPUTS))),
            st.tuples(kernels(), st.just(Observe.OUTPUTS)),
        ),
        values=st.integers(0, 2**16),
        width=st.sampled_from((None, 4, 8, 16)),
        lanes=st.sampled_from((1, 2, 7, 64)),
        runs=st.integers(1, 20),
        chunk=st.sampled_from((1, 3, 1000)),
    )
    def one(drawn: tuple[Program, Observe], values: int, width: int | None, lanes: int, runs: int, chunk: int) -> None:
        program, observe = drawn
        assert_runs_agree(accepted(program), observe, values, width, runs=runs, lanes=lanes, chunk=chunk)

    one()


def main(count: int, first: int) -> None:
    """All of it."""
    number = 0
    for name, checked in fixed():
        try:
            assert_runs_agree(checked, Observe.OUTPUTS, 1, ticks=40)
        except AssertionError as fault:
            raise SystemExit(f"{name}: {fault}") from fault
        number += 1
    print(f"{number} accepted programs and operators: the bits of the interpreter")
    random(count, first)
    print(f"{count} random programs from seed {first}: the bits of the interpreter")


if __name__ == "__main__":
    main(*(int(a) for a in [*sys.argv[1:3], *("200", "0")[len(sys.argv) - 1 :]]))
