"""Random inputs: of their types, on the borders, and within the bounds that assumptions state."""

from __future__ import annotations

import numpy as np

from syncml.ir.constants import dtype
from syncml.ir.types import F32, F64
from syncml.verify.sampling import sample
from tests.verify.build import Builder, Op


def test_inputs_are_numbers_however_large_those_of_the_program_are() -> None:
    for kind in (F32, F64):
        largest = float(np.finfo(dtype(kind)).max)
        b = Builder()
        x = b.input("x", kind)
        b.claim("small", b.op(Op.LE, x, largest))
        drawn = np.concatenate([sample(b.node(), 200, np.random.default_rng(i))["x"] for i in range(20)])
        assert np.isfinite(drawn).all()
        assert (drawn == largest).any()
