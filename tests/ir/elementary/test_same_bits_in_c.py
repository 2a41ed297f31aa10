"""The exported C computes the bits that the evaluator computes, whatever the compiler and the optimisation."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from syncml.export_c.functions import print_functions
from syncml.ir.constants import dtype
from syncml.ir.elementary import ELEMENTARY, evaluate, function
from syncml.ir.elementary.formats import FORMATS
from syncml.ir.operators import Op
from syncml.ir.types import F32, Scalar
from tests.export_c.compilers import COMPILERS, STRICT
from tests.ir.elementary.reference import BINARY, TYPES

COUNT = 2048
ORDER = [(op, type_) for op in sorted(ELEMENTARY, key=lambda op: op.value) for type_ in TYPES]


def arguments(type_: Scalar, seed: int) -> np.ndarray:
    """Special values, numbers of everyday size, and any bits at all."""
    form = FORMATS[type_]
    generator = np.random.default_rng(seed)
    special = np.array([0, -0.0, 1, -1, 2, 0.5, -3, np.inf, -np.inf, np.nan, form.least_normal / 4])
    everyday = generator.normal(scale=10, size=COUNT // 2)
    any_bits = generator.integers(0, 1 << form.width, COUNT - COUNT // 2 - special.size, dtype=dtype(form.bits))
    numbers = np.concatenate([special, everyday]).astype(dtype(type_))
    return generator.permutation(np.concatenate([numbers, any_bits.view(dtype(type_))]))


def loop(op: Op, type_: Scalar) -> str:
    name, ctype = function(op, type_).name, "float" if type_ is F32 else "double"
    call = f"{name}(first[i], second[i])" if op in BINARY else f"{name}(first[i])"
    return f"""    {{
        {ctype} first[{COUNT}], second[{COUNT}], results[{COUNT}];
        if (fread(first, sizeof first, 1, stdin) + fread(second, sizeof second, 1, stdin) != 2) {{ return 1; }}
        for (int i = 0; i < {COUNT}; i++) {{ results[i] = {call}; }}
        if (fwrite(results, sizeof results, 1, stdout) != 1) {{ return 1; }}
    }}"""


def program() -> str:
    definitions = print_functions([function(op, type_) for op, type_ in ORDER])
    loops = "\n".join(loop(op, type_) for op, type_ in ORDER)
    return f"#include <stdio.h>\n{definitions}\nint main(void)\n{{\n{loops}\n    return 0;\n}}\n"


@pytest.mark.parametrize("options", [["-O0"], ["-O3", "-fno-trapping-math"]], ids=" ".join)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_same_bits(compiler: str, options: list[str], tmp_path: Path) -> None:
    source = tmp_path / "elementary.c"
    source.write_text(program())
    subprocess.run([compiler, *STRICT, *options, "-o", tmp_path / "run", source], check=True)
    inputs = [(arguments(type_, 2 * i), arguments(type_, 2 * i + 1)) for i, (_, type_) in enumerate(ORDER)]
    sent = b"".join(part.tobytes() for pair in inputs for part in pair)
    received = subprocess.run([tmp_path / "run"], input=sent, stdout=subprocess.PIPE, check=True).stdout
    for (op, type_), pair in zip(ORDER, inputs, strict=True):
        want = evaluate(function(op, type_), *(pair if op in BINARY else pair[:1]))
        got, received = received[: want.nbytes], received[want.nbytes :]
        assert got == want.tobytes(), (op, type_)
    assert not received
