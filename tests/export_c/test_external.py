"""External nodes: a model that simulates, a contract that proves, a C function that the user supplies."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from syncml.diagnostics import DiagnosticError
from syncml.export_c import Options, Vectors, export
from syncml.pipeline import check_file, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.verify import Proved, VerifyOptions, Violated, verify
from tests.support.tools import require
from tests.verify.test_verify import replay

PROGRAM = """
import enum
from typing import Literal as L

from syncml import Record, Stream, Vec, clip, ensure, external, f32, node, reset_every, require, state


class Quality(enum.Enum):
    BAD = 0
    GOOD = 1


class Reading(Record):
    level: Stream[f32]
    pair: Stream[Vec[L[2]]]


@external("sensor_filter", memory=True)
def smooth(x: Stream[f32], quality: Stream[Quality]) -> Reading:
    require((x >= -100.0) & (x <= 100.0), "range")
    y = state(init=1.0)
    y.next = 0.5 * y + x
    level = clip(y, 0.0, 10.0)
    ensure((level >= 0.0) & (level <= 10.0), "level")
    return Reading(level=level, pair=[1.0, 2.0])


@external("twice")
def doubled(x: Stream[f32]) -> Stream[f32]:
    return x * 2.0


@node
def main(x: Stream[f32], quality: Stream[Quality], again: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    reading = smooth.reset_every(again)(clip(x, -1.0, 1.0), quality)
    ensure(reading.level <= 10.0, "from the contract")
    ensure(doubled(reading.level) <= 20.0, "from the model")
    return doubled(reading.level), reading.pair[1]
"""

SUPPLIED = """
#include "main_.h"
float twice(float x) { return x + x; }
void sensor_filter(float x, main__Quality quality, float *level, float pair[2], main__smooth_state *self)
{
    (void)quality;
    *level = (self->y < 0.0F) ? 0.0F : ((self->y > 10.0F) ? 10.0F : self->y);
    pair[0] = 1.0F;
    pair[1] = 2.0F;
    self->y = (0.5F * self->y) + x;
}
void sensor_filter_init(main__smooth_state *self) { self->y = 1.0F; }
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, "utf-8")
    return path


def test_the_model_is_simulated_and_the_function_is_compared_with_it(program: Path, tmp_path: Path) -> None:
    checked = check_file(str(program))
    source = np.random.default_rng(3)
    quality = source.integers(0, 2, 50)
    values = {
        "x": source.normal(size=50).astype(np.float32),
        "quality": [("BAD", "GOOD")[i] for i in quality],
        "again": source.random(50) < 0.1,
    }
    run = interpret(checked.program, values, 50)
    compiled = compile_program(checked.program).run(values, 50)
    assert np.array_equal(run.trace.column("out_1").values, compiled.column("out_1").values)
    outputs = {name: run.trace.column(name).values for name in ("out_1", "out_2")}
    folder = tmp_path / "c"
    export(step_code(checked, flat=False), folder, Options(Vectors(50, {**values, "quality": quality}, outputs)))
    header = (folder / "include" / "main_.h").read_text("utf-8")
    assert "float twice(float x);" in header
    assert "void sensor_filter_init(main__smooth_state *self);" in header
    require("gcc")
    (folder / "sensor_filter.c").write_text(SUPPLIED, "utf-8")
    command = ["make", "-C", str(folder), "check", "CC=gcc", "EXTERNAL=sensor_filter.c"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = SUPPLIED.replace("return x + x", "return x + x + 1.0F")
    (folder / "sensor_filter.c").write_text(wrong, "utf-8")
    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode != 0


def test_proofs_rest_on_the_contract(program: Path) -> None:
    report = verify(check_file(str(program)).program, VerifyOptions(timeout=20.0), replay)
    found = {r.name: r.verdict for r in report.results}
    assert isinstance(found["from the contract"], Proved)
    assert isinstance(found["from the model"], Violated)


LOOP = """
from syncml import Stream, external, f32, node, wire, pre


@external("pair")
def pair(x: Stream[f32], y: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return x * 2.0, y * 2.0


@node
def main(x: Stream[f32]) -> Stream[f32]:
    back = wire(f32)
    first, second = pair(x, back)
    back.define(first)
    return second
"""

SLOW = """
from syncml import Stream, external, every, f32, node, sample


@external("slow", memory=True)
def slow(x: Stream[f32]) -> Stream[f32]:
    return sample(x, every(2))


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return slow(x)
"""

KEYWORD = """
from syncml import Stream, external, f32, node


@external("register")
def slow(x: Stream[f32]) -> Stream[f32]:
    return x


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return slow(x)
"""


@pytest.mark.parametrize("text", [LOOP, SLOW, KEYWORD], ids=["loop", "slow", "keyword"])
def test_what_is_no_function_of_c(text: str, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(text, "utf-8")
    checked = check_file(str(path))
    with pytest.raises(DiagnosticError) as fault:
        export(step_code(checked, flat=False), tmp_path / "c")
    assert [d.code for d in fault.value.diagnostics] == ["X003"]
