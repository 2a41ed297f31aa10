"""Random systems with contracts, and the programs of the repository, for the comparison of verdicts with runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from syncml.ir.equations.syntax import Node, Program
from syncml.ir.types import BOOL, I32, Scalar, TensorType, Type
from syncml.pipeline import Checked, check, check_file
from syncml.sim.interpreter import interpret
from syncml.verify import opened
from tests.soundness.claims import Claims
from tests.support.programs import MODE, STEPS, inputs_for, random_program

ROOT = Path(__file__).resolve().parents[2]
FLAGSHIP = ROOT / "scenarios" / "highway_acc" / "pipeline.py"
SPECIFICATIONS = ("scalars",)
"""Programs with mathematical inputs and outputs."""
SCRIPTS = ("train_follow",)
"""Examples that define no node."""

EXACT: tuple[Type, ...] = (
    BOOL, BOOL, Scalar.I8, Scalar.I8, Scalar.U8, Scalar.I16, Scalar.U16, I32, Scalar.U32, MODE,
    TensorType(Scalar.I8, (3,)), TensorType(BOOL, (2,)), TensorType(I32, (2,)),
)  # fmt: skip
"""Types whose semantics in a proof is that of the machine."""

RUN = 120
"""Ticks of the run that suggests the clauses."""


@st.composite
def systems(draw: Any, size: int = 10) -> Node:
    """A flat node of exact types with clauses that a short run suggests."""
    program = random_program(draw, size, STEPS, EXACT)
    return with_claims(check(program), draw(st.integers(0, 2**16)))


def with_claims(checked: Checked, seed: int) -> Node:
    """The main node of a program, flat, with clauses that a run from ``seed`` suggests."""
    generator = np.random.default_rng(seed)
    node = checked.flat
    claims = Claims(node, generator)
    ranges = claims.bounded_inputs()
    values = inputs_within(node, ranges, generator)
    run = interpret(Program((node,), node.name), values, RUN)
    return claims.from_run(run.trace)


def inputs_within(node: Node, ranges: Any, generator: np.random.Generator) -> dict[str, list[Any]]:
    """Inputs for `RUN` ticks, in the ranges that are assumed."""
    values = inputs_for(Program((node,), node.name), RUN, int(generator.integers(2**16)))
    for name, (low, high) in ranges.items():
        values[name] = [int(x) for x in generator.integers(low, high, RUN, endpoint=True)]
    return values


def opened_program(path: Path) -> Node:
    """The main node of a program as it is verified; where it promises nothing, with what a run suggests."""
    checked = check_file(str(path))
    flat = opened(checked.program)
    node = flat.node(flat.main)
    return node if node.properties else with_claims(checked, seed=3)


def programs_of_the_repository() -> Iterator[Path]:
    """The accepted programs that a machine runs, the examples and the flagship."""
    yield from sorted(p for p in (ROOT / "tests" / "accept").glob("*.py") if p.stem not in SPECIFICATIONS)
    yield from sorted(p for p in (ROOT / "examples").glob("*") if p.suffix in (".py", ".lus") and p.stem not in SCRIPTS)
    yield FLAGSHIP
