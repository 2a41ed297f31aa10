"""The exported package: golden text, strict compilation, self-check, sanitizers, determinism, and failures."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from syncml.diagnostics.model import DiagnosticError
from syncml.export_c import Options, Vectors, compile_and_run, export, package
from syncml.export_c.runner import same_bits
from syncml.ir.step.syntax import Assign, StepProgram
from syncml.ir.types import F32, I32, EnumType, Scalar
from tests.export_c.compilers import COMPILERS, STRICT
from tests.export_c.programs import ALL, MODE, add, at, inp, lit, machine, origin, out, pid, program, slot, state
from tests.support.step_machine import random_inputs, run
from tests.support.tools import needs

PROGRAMS = pytest.mark.parametrize("make", ALL.values(), ids=ALL.keys())
STEPS = 120


class CFile(SingleFileSnapshotExtension):
    """One golden file of C for each snapshot; ``pytest --snapshot-update`` writes them anew."""

    file_extension = "txt"
    _write_mode = WriteMode.TEXT


def recorded(code: StepProgram, seed: int = 7) -> Vectors:
    """A run of ``code`` under the tests' evaluator."""
    inputs = random_inputs(code, STEPS, seed)
    outputs, states = run(code, inputs, STEPS)
    return Vectors(STEPS, inputs, outputs, state=states)


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", folder, *arguments], capture_output=True, text=True, check=False)


@PROGRAMS
def test_golden_text(make: Callable[[], StepProgram], snapshot: SnapshotAssertion) -> None:
    exported = package(make())
    text = "".join(
        f"=== {name} ===\n{exported.files[name].decode()}"
        for name in sorted(exported.files)
        if name.startswith(("include/", "src/"))
    )
    assert text == snapshot(extension_class=CFile)


def test_golden_harness_map_and_documents(snapshot: SnapshotAssertion) -> None:
    exported = package(pid())
    for name in ("harness/harness.c", "Makefile", "CMakeLists.txt", "README.md", "evidence/pid_map.json"):
        assert exported.files[name].decode() == snapshot(extension_class=CFile, name=Path(name).name)


@PROGRAMS
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("level", ["-O0", "-O3"])
def test_outputs_and_state_have_the_bits_of_step_code(
    make: Callable[[], StepProgram], compiler: str, level: str
) -> None:
    code = make()
    expected = recorded(code)
    results = compile_and_run(code, expected.inputs, STEPS, compiler, (level, *STRICT))
    assert results.outputs.keys() == expected.outputs.keys()
    assert results.state.keys() == expected.state.keys()
    for computed, wanted in ((results.outputs, expected.outputs), (results.state, expected.state)):
        for name, values in wanted.items():
            assert same_bits(computed[name], values), name


def test_state_leaves_are_named_by_their_path() -> None:
    assert [leaf.name for leaf in package(ALL["network"]()).leaves.state] == ["phase", "a.last", "b.last"]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_make_check_compiles_and_compares(compiler: str, tmp_path: Path) -> None:
    code = ALL["network"]()
    export(code, tmp_path / "out", Options(recorded(code)))
    done = make(tmp_path / "out", "check", f"CC={compiler}")
    assert done.returncode == 0, done.stdout + done.stderr
    # y and raw (5 values) and three registers at each step.
    assert f"network: {STEPS} steps, {STEPS * 8} values compared, all equal bit for bit" in done.stdout


@needs("cmake")
def test_cmake_builds_the_library_and_replays(tmp_path: Path) -> None:
    export(pid(), tmp_path, Options(recorded(pid())))
    for command in (["-S", ".", "-B", "b"], ["--build", "b"], ["--build", "b", "-t", "test"]):
        done = subprocess.run(["cmake", *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "b" / "libpid.a").exists()
    assert "100% tests passed" in done.stdout


def test_make_timing_measures_a_step(tmp_path: Path) -> None:
    export(pid(), tmp_path, Options(recorded(pid())))
    done = make(tmp_path, "-s", "timing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert float(done.stdout.removesuffix("ns per step\n")) > 0.0


def test_make_sanitize_is_clean(tmp_path: Path) -> None:
    for name, program_ in ALL.items():
        export(program_(), tmp_path / name, Options(recorded(program_())))
        done = make(tmp_path / name, "sanitize")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "runtime error" not in done.stderr


@pytest.mark.parametrize("part", ["outputs", "state"])
def test_a_wrong_bit_is_found(part: str, tmp_path: Path) -> None:
    code = pid()
    vectors = recorded(code)
    name = {"outputs": "cmd", "state": "integral"}[part]
    values = getattr(vectors, part)[name]
    values.view(np.uint32)[3] ^= 1
    export(code, tmp_path, Options(vectors))
    done = make(tmp_path, "check")
    assert done.returncode != 0
    assert f"step 3: {part.removesuffix('s')} {name}[0]: recorded 0x" in done.stdout
    assert f"pid: FAILED, 1 of {STEPS * 3} values differ in {STEPS} steps" in done.stdout


def test_absent_outputs_and_missing_leaves_are_not_compared(tmp_path: Path) -> None:
    code = pid()
    vectors = recorded(code)
    present = np.arange(STEPS) % 2 == 0
    outputs = {"cmd": np.where(present, vectors.outputs["cmd"], np.float32(99))}
    last = np.arange(STEPS) == STEPS - 1
    state = {"last": vectors.state["last"]}
    export(code, tmp_path, Options(Vectors(STEPS, vectors.inputs, outputs, {"cmd": present}, state, last)))
    done = make(tmp_path, "check")
    assert f"{STEPS} steps, {STEPS // 2 + 1} values compared" in done.stdout


def test_vectors_of_another_program_are_refused(tmp_path: Path) -> None:
    export(pid(), tmp_path / "a", Options(recorded(pid())))
    other = ALL["modes"]()
    export(other, tmp_path / "b", Options(recorded(other)))
    (tmp_path / "a/harness/vectors.bin").replace(tmp_path / "b/harness/vectors.bin")
    done = make(tmp_path / "b", "check")
    assert done.returncode != 0
    assert "belong to another program" in done.stderr


def test_vectors_that_end_early_are_refused(tmp_path: Path) -> None:
    export(pid(), tmp_path, Options(recorded(pid())))
    vectors = tmp_path / "harness" / "vectors.bin"
    vectors.write_bytes(vectors.read_bytes()[:-1])
    done = make(tmp_path, "check")
    assert done.returncode != 0
    assert "end early" in done.stderr


def test_the_map_names_the_stream_of_each_line() -> None:
    files = package(pid()).files
    lines = files["src/pid.c"].decode().splitlines()
    entries = [e for e in json.loads(files["evidence/pid_map.json"])["lines"] if e["file"] == "src/pid.c"]
    found = {lines[e["line"] - 1].strip(): (e["stream"], e["source"]["file"], e["source"]["line"]) for e in entries}
    assert found["const float err = in->v_set - in->v;"] == ("err", "pipeline.py", 13)
    assert found["self->integral = self->integral + (err * 0.01F);"] == ("integral", "pipeline.py", 16)
    assert found["self->last = -0.0F;"] == ("last", "pipeline.py", 12)


def test_same_program_same_bytes_whatever_the_hash_seed() -> None:
    script = (
        "import hashlib; from syncml.export_c import package; from tests.export_c.programs import ALL\n"
        "for make in ALL.values():\n"
        "    for name, data in package(make()).files.items(): print(name, hashlib.sha256(data).hexdigest())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path.cwd())},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1


def test_names_do_not_depend_on_where_the_project_lies() -> None:
    text = package(pid()).files
    assert all(b"/home/user" not in data for data in text.values())


# --- failures ----------------------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_failing_export_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(pid(), tmp_path, Options(recorded(pid())))
    before = contents(tmp_path)
    real, calls = Path.replace, 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(DiagnosticError, match=r"X001.*No space left"):
        export(pid(), tmp_path, Options(recorded(pid(), seed=8)))
    monkeypatch.undo()
    assert contents(tmp_path) == before
    assert not list(tmp_path.glob(".syncml-*"))


@pytest.mark.parametrize("taken", ["include/pid.h", "README.md"])
def test_a_folder_in_the_way_of_a_file(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).mkdir(parents=True)
    with pytest.raises(DiagnosticError, match="X001"):
        export(pid(), tmp_path)
    assert [p.name for p in tmp_path.rglob("*")] == list(Path(taken).parts)


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "src").write_text("mine")
    with pytest.raises(DiagnosticError, match="X001"):
        export(pid(), tmp_path)
    assert contents(tmp_path) == {"src": b"mine"}
    assert [p.name for p in tmp_path.iterdir()] == ["src"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiagnosticError) as fault:
        export(pid(), tmp_path / "file" / "out")
    assert fault.value.diagnostics[0].code == "X001"
    assert fault.value.diagnostics[0].help


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "notes.txt").write_text("mine")
    export(pid(), tmp_path)
    export(pid(), tmp_path)
    assert (tmp_path / "src" / "notes.txt").read_text() == "mine"


def test_what_the_new_export_has_not_goes_unless_it_was_changed(tmp_path: Path) -> None:
    export(ALL["network"](), tmp_path, Options(recorded(ALL["network"]())))
    (tmp_path / "include" / "network.h").write_text("changed")
    written = export(pid(), tmp_path)
    gone = {path.relative_to(tmp_path).as_posix() for path in written.removed}
    data = {"include/network_data.h", "src/network_data.c", "include/network_state.h", "src/network_state.c"}
    assert gone == {"evidence/memory.svg", "evidence/network_map.json", "harness/vectors.bin", "src/network.c", *data}
    assert not any(path.exists() for path in written.removed)
    assert (tmp_path / "include" / "network.h").read_text() == "changed"


def test_an_export_without_folders_is_taken_away(tmp_path: Path) -> None:
    """Packages had all files in one folder once; two copies of the node there would confuse everybody."""
    files = package(pid(), Options(recorded(pid()))).files
    for name in ("include/pid.h", "src/pid.c", "harness/harness.c", "harness/vectors.bin", "evidence/pid_map.json"):
        (tmp_path / Path(name).name).write_bytes(files[name])
    (tmp_path / "driver.c").write_text("int main(void) { return 0; }")
    written = export(pid(), tmp_path)
    assert {p.name for p in written.removed} == {"pid.h", "pid.c", "pid_map.json", "harness.c", "vectors.bin"}
    left = {p.name for p in tmp_path.iterdir() if p.is_file()}
    assert left == {"CMakeLists.txt", "Makefile", "README.md", "driver.c"}


def test_a_manifest_cannot_name_files_outside_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"")
    folder = tmp_path / "out"
    export(pid(), folder)
    manifest = folder / "evidence" / "manifest.json"
    document = json.loads(manifest.read_text())
    document["files"]["../mine"] = document["files"][str(tmp_path / "mine")] = hashlib.sha256(b"").hexdigest()
    manifest.write_text(json.dumps(document))
    assert export(pid(), folder).removed == ()
    assert (tmp_path / "mine").exists()


def test_inputs_with_one_name_in_c() -> None:
    dotted, plain = inp("v.set", F32, origin("v.set", 3)), inp("v_set", F32, origin("v_set", 4))
    y = out("y", F32)
    code = program(machine("clash", (dotted, plain), (y,), (Assign(at(y), add(at(dotted), at(plain))),)))
    with pytest.raises(DiagnosticError) as fault:
        package(code)
    (diagnostic,) = fault.value.diagnostics
    assert str(diagnostic).endswith("pipeline.py:4:5: error[X002] inputs v.set and v_set are both v_set in C")
    assert diagnostic.secondary[0].span.line == 3


def test_constructors_with_one_name_in_c() -> None:
    kind = EnumType("Gear", ("N", "R-1", "R_1"))
    y = out("y", kind)
    code = program(machine("clash", (), (y,), (Assign(at(y), lit("N", kind)),)))
    with pytest.raises(DiagnosticError, match="X002"):
        package(code)


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compiler", COMPILERS)
def test_names_that_c_reserves_and_names_that_clash_inside(compiler: str) -> None:
    """Keywords, macros, library functions, parameters of the step function, reserved forms, other alphabets."""
    names = ["int", "self", "in", "out", "NAN", "sqrt", "add_i32", "_x", "__y", "2nd", "größe", "a.b", "a_b", "A_b",
             "i", "size_t", "INT32_MAX", "true", "x" * 90, "x" * 89 + "y", "nodes_step", "Mode", "unused"]  # fmt: skip
    x = inp("register", I32)
    locals_ = tuple(slot(name, I32) for name in names)
    states = tuple(state(name, I32, k) for k, name in enumerate(names))
    y = out("y", I32)
    body = [Assign(at(y), lit(0, I32))]
    for number, (local, register) in enumerate(zip(locals_, states, strict=True)):
        body += [
            Assign(at(local), add(at(register), at(x))),
            Assign(at(register), add(at(local), lit(number, I32))),
            Assign(at(y), add(at(y), at(local))),
        ]
    code = program(machine("nodes", (x,), (y,), tuple(body), states=states, locals_=locals_))
    inputs = random_inputs(code, 20, 1)
    expected, remembered = run(code, inputs, 20)
    results = compile_and_run(code, inputs, 20, compiler, STRICT)
    assert same_bits(results.outputs["y"], expected["y"])
    assert all(same_bits(results.state[name], values) for name, values in remembered.items())


def test_enumeration_values_are_macros_of_the_node() -> None:
    assert MODE.constructors == ("OFF", "RAMP", "HOLD")
    text = package(ALL["modes"]()).files["include/modes.h"].decode()
    assert "#define modes_Mode_RAMP ((modes_Mode)1)" in text


def test_narrow_integers_wrap_under_strict_warnings() -> None:
    for kind in (Scalar.I8, Scalar.U8, Scalar.I16, Scalar.U16):
        x, y = inp("x", kind), out("y", kind)
        code = program(machine("wrap", (x,), (y,), (Assign(at(y), add(at(x), at(x))),)))
        inputs = random_inputs(code, 50, 2)
        results = compile_and_run(code, inputs, 50, flags=("-O2", *STRICT))
        assert same_bits(results.outputs["y"], inputs["x"] + inputs["x"])


@needs("cppcheck")
def test_misra_deviations_are_the_documented_ones(tmp_path: Path) -> None:
    macros = ["FLT_RADIX=2", "FLT_MANT_DIG=24", "FLT_MAX_EXP=128", "FLT_EVAL_METHOD=0", "INT64_C(x)=x##LL"]
    for name, program_ in ALL.items():
        sources = [file for file in export(program_(), tmp_path / name).files if file.parent.name == "src"]
        command = ["cppcheck", "--addon=misra", "--std=c99", "--enable=style", "--quiet", *(f"-D{m}" for m in macros)]
        command.append(f"-I{tmp_path / name / 'include'}")
        done = subprocess.run([*command, *sources], capture_output=True, text=True, check=True)
        assert set(re.findall(r"misra-c2012-([\d.]+)", done.stderr)) <= {"10.1", "10.8", "21.15"}
