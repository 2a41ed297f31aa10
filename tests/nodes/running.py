"""Nodes of the library as programs: traces of the interpreter, which the other engines have to repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.pipeline import check
from syncml.sim.interpreter import interpret, replay
from syncml.verify import Proved, Semantics, VerifyOptions, verify
from tests.support.engines import TICKS, assert_c_agrees, assert_numba_agrees

Columns = dict[str, NDArray[Any]]


def run(main: Any, ticks: int | None = None, **inputs: Any) -> Columns:
    """What the outputs of a node are; inputs are arrays of which the first axis is time."""
    checked = check(program_of(main))
    values = {name.replace("__", "."): np.asarray(value) for name, value in inputs.items()}
    count = len(next(iter(values.values()))) if ticks is None else ticks
    trace = interpret(checked.program, values, count).trace
    return {v.name: trace.column(v.name).values for v in checked.main.outputs}


def out(main: Any, **inputs: Any) -> NDArray[Any]:
    """The only output of a node."""
    (values,) = run(main, **inputs).values()
    return values


def assert_engines_agree(main: Any, **inputs: Any) -> None:
    """Interpreter, Numba and C of gcc and clang give the same bits; inputs are cut to the ticks of that comparison."""
    checked = check(program_of(main))
    values: Mapping[str, Any] = {name.replace("__", "."): np.asarray(v)[:TICKS] for name, v in inputs.items()}
    expected = interpret(checked.program, values, TICKS)
    assert_numba_agrees(checked, values, expected, Observe.ALL)
    assert_c_agrees(checked, values, expected)


def verdicts(main: Any, timeout: float = 20.0) -> dict[str, bool]:
    """For each property of a node, whether the verifier proves it."""
    report = verify(check(program_of(main)).program, VerifyOptions(timeout=timeout, semantics=Semantics.REALS), replay)
    return {result.name: isinstance(result.verdict, Proved) for result in report.results}
