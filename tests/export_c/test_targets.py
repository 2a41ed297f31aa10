"""Packages for the Cortex-M3 and M4F, under QEMU: the same bits, and one number of instructions without branches."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from syncml.cli.recording import random_inputs as random_raw
from syncml.cli.recording import record
from syncml.export_c import Options, Vectors, export, instructions_per_step, package
from syncml.export_c.targets import CORTEX_M3, CORTEX_M4F, TARGETS, TargetMachine, target_machine
from syncml.ir.equations.syntax import Program
from syncml.ir.step.lowering import Executive
from syncml.ir.step.syntax import StepProgram
from syncml.pipeline import Checked, check, check_file, load, on_machine, step_code
from syncml.quantise.program import Interface, Scheme, quantised
from tests.export_c.programs import ALL, pid
from tests.export_c.test_package import recorded
from tests.support.flagship import PIPELINE, scenario_inputs
from tests.support.programs import programs
from tests.support.tools import needs

ROOT = Path(__file__).parents[2]
CORTEX = pytest.mark.parametrize("machine", [CORTEX_M4F, CORTEX_M3], ids=lambda machine: machine.name)
EMULATED = needs("arm-none-eabi-gcc", "qemu-system-arm")
EXAMPLES = ("cruise.py:cruise", "follow.py", "gru.py:level", "adapt.py")
TICKS = 60


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-s", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def replays(code: StepProgram, vectors: Vectors, machine: TargetMachine, folder: Path, *levels: str) -> None:
    export(code, folder, Options(vectors, machine))
    for level in levels:
        done = make(folder, "check-target", f"OPT={level}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{vectors.steps} steps" in done.stdout
        assert "all equal bit for bit" in done.stdout


def exported(checked: Checked, ticks: int, machine: TargetMachine, folder: Path, *levels: str) -> None:
    checked = on_machine(checked)
    vectors = record(checked, random_raw(checked.main, ticks, 5), ticks)
    replays(step_code(checked, flat=False), vectors, machine, folder, *levels)


@EMULATED
@CORTEX
@pytest.mark.parametrize("make_program", ALL.values(), ids=ALL.keys())
def test_the_bits_of_step_code(make_program: Callable[[], StepProgram], machine: TargetMachine, tmp_path: Path) -> None:
    code = make_program()
    replays(code, recorded(code), machine, tmp_path, "-O2")


@EMULATED
@CORTEX
@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples(example: str, machine: TargetMachine, tmp_path: Path) -> None:
    exported(check_file(f"{ROOT / 'examples'}/{example}"), TICKS, machine, tmp_path, "-Os")


@EMULATED
@CORTEX
def test_the_flagship_at_every_level(machine: TargetMachine, tmp_path: Path) -> None:
    checked = on_machine(check_file(str(PIPELINE)))
    inputs, _ = scenario_inputs(checked.main, "hard_braking")
    vectors = record(checked, {name: values[:TICKS] for name, values in inputs.items()}, TICKS)
    replays(step_code(checked, flat=False), vectors, machine, tmp_path, "-O0", "-O2", "-O3")


TASKS = """
from syncml import Hz, Stream, f32, fby, hold, node, sample, tanh

@node(rate=Hz(100))
def main(x: Stream[f32]) -> Stream[f32]:
    return x + hold(fby(0.0, tanh(sample(x, to=Hz(25)))), init=0.0)
"""


@EMULATED
@CORTEX
@pytest.mark.parametrize("executive", [Executive.CYCLIC, Executive.TASKS], ids=lambda e: e.value)
def test_schedules(executive: Executive, machine: TargetMachine, tmp_path: Path) -> None:
    (tmp_path / "rates.py").write_text(TASKS)
    checked = check_file(str(tmp_path / "rates.py"))
    vectors = record(checked, random_raw(checked.main, TICKS, 5), TICKS)
    code = step_code(checked, flat=False, executive=executive)
    replays(code, vectors, machine, tmp_path / "out", "-O2")


@EMULATED
@CORTEX
def test_generated_programs(machine: TargetMachine) -> None:
    @seed(6)
    @settings(max_examples=5, suppress_health_check=list(HealthCheck), derandomize=False, database=None, deadline=None)
    @given(drawn=programs())
    def run_all(drawn: Program) -> None:
        with TemporaryDirectory() as folder:
            exported(check(drawn), 24, machine, Path(folder), "-O2")

    run_all()


@EMULATED
@CORTEX
def test_a_wrong_bit_is_found_on_the_target(machine: TargetMachine, tmp_path: Path) -> None:
    vectors = recorded(pid())
    vectors.outputs["cmd"].view(np.uint32)[3] ^= 1
    export(pid(), tmp_path, Options(vectors, machine))
    done = make(tmp_path, "check-target")
    assert done.returncode != 0
    assert "step 3: output cmd[0]: recorded 0x" in done.stdout


NETWORK = """
import numpy as np
from typing import Literal as L
from syncml import Hz, Stream, Vec, f32, node, vec
from syncml.nodes.neural import MLP, {activation}

RNG = np.random.default_rng(5)
SHAPES = {{"0": (16, 8), "1": (2, 16)}}
WEIGHTS = {{f"{{k}}.weight": RNG.normal(size=s) for k, s in SHAPES.items()}} | {{
    f"{{k}}.bias": RNG.normal(size=s[0]) for k, s in SHAPES.items()
}}

@node(rate=Hz(100))
def main(x: Stream[Vec[L[8]]]) -> Stream[Vec[L[2]]]:
    return MLP.of(WEIGHTS, {activation})(x)
"""


@EMULATED
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("level", ["-O2", "-O3"])
def test_a_network_takes_as_many_instructions_for_every_input(activation: str, level: str, tmp_path: Path) -> None:
    path = tmp_path / "network.py"
    path.write_text(NETWORK.format(activation=activation))
    level = " ".join((level, *CORTEX_M4F.branchless))
    code = step_code(check_file(str(path)), flat=False)
    source = np.random.default_rng(2)
    values = source.normal(size=(40, 8)) * 10.0 ** source.integers(-40, 38, (40, 8))
    values[0], values[1], values[2] = 0.0, np.nan, np.inf
    counts = instructions_per_step(code, {"x": values.astype(np.float32)}, 40, CORTEX_M4F, level)
    assert counts.least == counts.most == counts.mean
    assert counts.least > 2 * (8 * 16 + 16 * 2)


@EMULATED
def test_a_network_of_integers_takes_as_many_instructions_for_every_input(tmp_path: Path) -> None:
    """Its inputs are integers, or become integers, saturated, without a branch."""
    path = tmp_path / "network.py"
    path.write_text(NETWORK.format(activation="relu"))
    source = np.random.default_rng(2)
    np.savez(tmp_path / "recorded.npz", x=source.normal(size=(32, 8)).astype(np.float32))
    values = source.normal(size=(40, 8)) * 10.0 ** source.integers(-40, 38, (40, 8))
    values[0], values[1], values[2] = 0.0, np.nan, np.inf
    level = " ".join(("-O2", *CORTEX_M4F.branchless))
    taken = {
        Interface.INTEGER: source.integers(-128, 128, (40, 8)).astype(np.int8),
        Interface.FLOAT: values.astype(np.float32),
    }
    for interface, inputs in taken.items():
        integers = quantised(load(str(path)), tmp_path / "recorded.npz", Scheme(interface=interface))
        code = step_code(on_machine(integers.checked), flat=False)
        counts = instructions_per_step(code, {"x": inputs}, 40, CORTEX_M4F, level)
        assert counts.least == counts.most == counts.mean


@EMULATED
def test_a_branch_shows_in_the_number_of_instructions(tmp_path: Path) -> None:
    path = tmp_path / "branch.py"
    path.write_text(
        "from syncml import Hz, Stream, every, f32, hold, node, sample, tanh\n\n\n"
        "@node\n"
        "def main(x: Stream[f32]) -> Stream[f32]:\n"
        "    return hold(tanh(sample(x, every(3))), init=0.0)\n"
    )
    code = step_code(check_file(str(path)), flat=False)
    counts = instructions_per_step(code, {"x": np.ones(9, dtype=np.float32)}, 9, CORTEX_M4F, "-O2")
    assert counts.least < counts.mean < counts.most


@EMULATED
def test_more_instructions_than_the_timer_of_the_processor_has_ticks_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "long.py"
    path.write_text(
        "from typing import Literal as L\n\n"
        "from syncml import Stream, Vec, einsum, i32, node\n\n\n"
        "@node\n"
        "def main(x: Stream[Vec[L[150], i32]]) -> Stream[i32]:\n"
        '    return einsum("i,j,k->", x, x, x)\n'
    )
    code = step_code(check_file(str(path)), flat=False)
    counts = instructions_per_step(code, {"x": np.ones((1, 150), dtype=np.int32)}, 1, CORTEX_M4F, "-O1")
    # Two multiplications and an addition for each of the terms; 2 ** 24 ticks are 5.2 million instructions.
    assert 2 * 150**3 < counts.least < 20 * 150**3
    assert counts.least > 2**24 * 40 // 128


def test_what_runs_elsewhere_is_there_for_targets_with_an_emulator_only() -> None:
    for machine in TARGETS:
        files = package(pid(), Options(target=machine)).files
        elsewhere = {"harness/target.mk", "harness/startup.c", "harness/memory.ld", "harness/instructions.c"}
        assert elsewhere & files.keys() == (elsewhere if machine.emulator else set())
        assert (b"make check-target" in files["README.md"]) == bool(machine.emulator)


def test_targets_are_found_by_their_names() -> None:
    assert [target_machine(each.name) for each in TARGETS] == list(TARGETS)
    assert target_machine("c") is target_machine("host")
