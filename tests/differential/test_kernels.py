"""One program, one trace, for random programs of the whole kernel.

They have segments, buffers, calls, iterators, automata, and resets of all of them. Each runs in every engine; before
that, the sweeps in the place of its segments have the trace of their fixed point.
"""

from __future__ import annotations

import shutil

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from syncml.ir.equations.check import check_program
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Program
from syncml.ir.step.lowering import Observe
from syncml.pipeline import text
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.support.engines import TICKS, assert_c_agrees, assert_numba_agrees, outputs_of
from tests.support.kernels import accepted, kernels
from tests.support.programs import inputs_for

SHARDS, EXAMPLES = 2, 40
MOST = 150
"""How many equations the inlined program may have that Numba compiles, which is slow."""
# A failing program is shown as it is: to make it smaller would take minutes.
ANY = settings(
    max_examples=EXAMPLES,
    suppress_health_check=list(HealthCheck),
    derandomize=False,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize("number", range(SHARDS))
def test_every_engine_has_the_trace_of_the_interpreter(number: int) -> None:
    assert shutil.which("gcc") or shutil.which("clang"), "the comparison needs a C compiler"

    @seed(number)
    @ANY
    @given(drawn=kernels(), values_seed=st.integers(0, 2**16), compiled=st.integers(0, 3))
    def run_all(drawn: Program, values_seed: int, compiled: int) -> None:
        checked = accepted(drawn)
        note(text(checked.program))
        check_program(checked.program)
        values = inputs_for(checked.program, TICKS, values_seed)
        run = interpret(checked.program, values, TICKS)
        lowered = lower_segments(checked.program)
        check_program(lowered)
        swept = interpret(lowered, values, TICKS)
        assert first_difference(outputs_of(run, checked), outputs_of(swept, checked)) is None
        assert_c_agrees(checked, values, run)
        if not compiled and len(checked.flat.equations) <= MOST:
            assert_numba_agrees(checked, values, run, Observe.OUTPUTS)

    run_all()
