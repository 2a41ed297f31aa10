"""Programs whose inputs and outputs are the integers of their networks: no float where no equation is in floats."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import (
    Hz,
    Mat,
    Stream,
    Vec,
    concat,
    constant,
    each,
    ensure,
    f32,
    hold,
    node,
    pre,
    sample,
    state,
    where,
)
from syncml.diagnostics.model import DiagnosticError
from syncml.export_c import Options, compile_and_run, export
from syncml.export_c.integers import Integers
from syncml.export_c.targets import CORTEX_M3
from syncml.ir.equations.syntax import Fby
from syncml.ir.step.lowering import Observe
from syncml.ir.types import FLOATS, element
from syncml.lang.load import program_of
from syncml.nodes.neural import GRU, MLP, relu
from syncml.nodes.quantised import Affine
from syncml.pipeline import step_code
from syncml.quantise.calibration import dequantised
from syncml.quantise.host import converted_inputs
from syncml.quantise.program import Interface, Quantisation, Scheme, quantised
from syncml.quantise.report import json_of, text_of
from syncml.sim.interpreter import Run, interpret
from tests.quantise.recordings import recorded, weights
from tests.support.engines import TICKS, assert_c_agrees, assert_numba_agrees
from tests.support.tools import require

Array = np.ndarray[Any, Any]


def perceptron(inputs: int = 4, outputs: int = 2, seed: int = 0) -> MLP:
    tensors = {
        "0.weight": weights(8, inputs, seed=seed), "0.bias": weights(8), "1.weight": weights(outputs, 8, seed=seed),
        "1.bias": weights(outputs),
    }  # fmt: skip
    return MLP.of(tensors, relu)


FIRST, SECOND, OTHER = perceptron(), perceptron(2, 4), perceptron(seed=1)
MEMORY = GRU(weights(15, 4), weights(15, 5), weights(15), weights(15))


@node
def in_sequence(x: Stream[Vec[L[4]]]) -> Stream[Vec[L[4]]]:
    """Two networks, one after the other."""
    return SECOND(FIRST(x))


@node(rate=Hz(100))
def at_two_rates(x: Stream[Vec[L[4]]]) -> Stream[Vec[L[2]]]:
    """A slow network whose result is held, delayed and taken apart for a fast one."""
    slow = hold(FIRST(sample(x, to=Hz(20))), init=0.0)
    return OTHER(concat(slow[1:], x[:2], pre(slow, init=0.0)[:1]))


@node
def chosen(x: Stream[Vec[L[4]]], y: Stream[Vec[L[4]]], left: Stream[bool]) -> tuple[Stream[Vec[L[2]]], Stream[f32]]:
    """A choice between two networks, by something that is no number."""
    both = where(left, FIRST(x), OTHER(y))
    return both, both[0]


@node
def remembered(x: Stream[Vec[L[4]]]) -> Stream[Mat[L[3], L[2]]]:
    """The last results of a network."""
    past = state(init=constant(np.zeros((3, 2), np.float32)))
    now = past.at[0].set(FIRST(x))
    past.next = concat(now[1:], now[:1])
    return now


@node
def wrapped(x: Stream[Vec[L[4]]]) -> tuple[Stream[Vec[L[2]]], Stream[Vec[L[4]]]]:
    """A node that is no network, since it has a contract, around one."""
    found = FIRST(x)
    ensure(abs(found[0]) < 100.0, "small")
    return found, pre(x, init=0.0)


@node
def nested(x: Stream[Vec[L[4]]]) -> tuple[Stream[Vec[L[4]]], Stream[Vec[L[2]]]]:
    """Networks in nodes that are none, one after the other."""
    found, before = wrapped(x)
    return SECOND(found), OTHER(before)


@node
def in_an_array(x: Stream[Mat[L[3], L[4]]]) -> Stream[Mat[L[3], L[2]]]:
    """An array of networks."""
    return each(FIRST.mlp)(x)


@node
def recurrent(x: Stream[Vec[L[4]]]) -> Stream[Vec[L[5]]]:
    """A network with a memory."""
    return MEMORY(x)


WHOLE: dict[str, tuple[Any, dict[str, tuple[int, ...]]]] = {
    "one network": (recurrent, {"x": (4,)}),
    "in sequence": (in_sequence, {"x": (4,)}),
    "at two rates": (at_two_rates, {"x": (4,)}),
    "remembered": (remembered, {"x": (4,)}),
    "nested": (nested, {"x": (4,)}),
    "in an array": (in_an_array, {"x": (3, 4)}),
}


def numbers_of(values: Array, affine: Affine | None) -> Array:
    return values if affine is None else dequantised(values, affine).astype(np.float32)


def run_of(found: Quantisation) -> tuple[Mapping[str, Any], Run]:
    inputs = converted_inputs(found.report.recording.inputs, found.floats, found.report.interface, TICKS)
    inputs = {name: values[:TICKS] for name, values in inputs.items()}
    return inputs, interpret(found.checked.program, inputs, TICKS)


@pytest.mark.parametrize(("name", "bits"), [*((name, 8) for name in WHOLE), ("nested", 16)])
def test_a_program_of_networks_has_no_float_and_the_same_bits_in_every_engine(
    tmp_path: Path, name: str, bits: int
) -> None:
    program, shapes = WHOLE[name]
    path = recorded(tmp_path, **shapes)
    found = quantised(program_of(program), path, Scheme(bits=bits))
    assert not found.report.in_floats and not found.report.crossings
    ends = (*found.checked.main.inputs, *found.checked.main.outputs)
    assert {str(element(v.type)) for v in ends} == {f"i{bits}"} and set(found.report.interface) == {
        v.name for v in ends
    }
    assert all(o.calibration.snr is not None and o.calibration.snr > 25 for o in found.report.outputs)
    code = step_code(found.checked, flat=False)
    slots = [s for m in code.machines for s in (*m.inputs, *m.outputs, *m.state, *m.locals, *m.constants)]
    assert slots and not any(element(s.type) in FLOATS for s in slots)
    if name in ("at two rates", "in an array") or bits == 16:
        inputs, run = run_of(found)
        assert_numba_agrees(found.checked, inputs, run, Observe.NAMED)
        assert_c_agrees(found.checked, inputs, run)


@pytest.mark.parametrize("name", ["one network", "nested"])
def test_integers_at_the_interface_are_those_that_a_program_with_floats_there_makes_of_numbers(
    tmp_path: Path, name: str
) -> None:
    program, shapes = WHOLE[name]
    path = recorded(tmp_path, **shapes)
    integers, floats = (quantised(program_of(program), path, Scheme(interface=i)) for i in Interface)
    assert not floats.report.interface and floats.report.in_floats
    assert {str(element(v.type)) for v in (*floats.checked.main.inputs, *floats.checked.main.outputs)} == {"f32"}
    trace = run_of(integers)[1].trace
    other = interpret(floats.checked.program, floats.report.recording.inputs, TICKS).trace
    for before, after in zip(floats.checked.main.outputs, integers.checked.main.outputs, strict=True):
        affine = integers.report.interface[after.name]
        found = numbers_of(trace.column(after.name).values, affine)
        expected = other.column(before.name).values
        assert np.allclose(found, expected, rtol=1e-6, atol=affine.scale * 1e-3), name


def test_no_conversion_is_left_between_networks_and_one_quantisation_is_where_streams_meet(tmp_path: Path) -> None:
    found = quantised(program_of(chosen), recorded(tmp_path, x=(4,), y=(4,)) and with_choice(tmp_path), Scheme())
    affines = found.report.interface
    assert set(affines) == {v.name for v in (*found.checked.main.inputs, *found.checked.main.outputs)} - {"left"}
    both, first = (affines[v.name] for v in found.checked.main.outputs)
    assert both == first and not found.report.in_floats
    inputs, run = run_of(found)
    assert_numba_agrees(found.checked, inputs, run, Observe.NAMED)


def with_choice(folder: Path) -> Path:
    path = folder / "recorded.npz"
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    np.savez(path, left=np.arange(len(arrays["x"])) % 3 == 0, **arrays)  # type: ignore[arg-type]
    return path


@node
def mixed(x: Stream[Vec[L[4]]], limit: Stream[f32], y: Stream[Vec[L[4]]]) -> tuple[Stream[f32], Stream[Vec[L[2]]]]:
    """Networks among equations in floats: `x` is read by both, `y` by a network alone."""
    near = FIRST(x)
    return where(limit > x[0], near[0] * limit, 0.0), OTHER(y)


def test_what_equations_in_floats_read_or_compute_stays_and_is_told(tmp_path: Path) -> None:
    found = quantised(program_of(mixed), recorded(tmp_path, x=(4,), y=(4,), limit=()), Scheme())
    types = {v.name: str(element(v.type)) for v in (*found.checked.main.inputs, *found.checked.main.outputs)}
    second = found.checked.main.outputs[1].name
    assert [types[n] for n in ("x", "limit", "y")] == ["f32", "f32", "i8"] and types[second] == "i8"
    assert set(found.report.interface) == {"y", second} and set(found.report.in_floats) == {"mixed"}
    told = {(c.becomes, c.reader) for c in found.report.crossings}
    assert told == {("integers", "`mlp`"), ("real numbers", "`*`")}
    assert "x of mixed becomes integers for `mlp`" in text_of(found.report)
    document = json.loads(json_of(found.report))
    assert [end["stream"] for end in document["interface"]] == ["y", second] and len(document["conversions"]) == 2
    inputs, run = run_of(found)
    assert_c_agrees(found.checked, inputs, run)


@node
def passed_on(x: Stream[Vec[L[4]]], y: Stream[Vec[L[4]]]) -> tuple[Stream[Vec[L[2]]], Stream[Vec[L[4]]]]:
    """A network reads of what is passed on a part that is small."""
    both = concat(x[:2], y[:2])
    return FIRST(concat(both[:2], x[2:])), both


def test_integers_cover_what_is_passed_on_beside_a_network(tmp_path: Path) -> None:
    path = recorded(tmp_path, x=(4,), y=(4,))
    with np.load(path) as archive:
        np.savez(path, x=archive["x"], y=archive["y"] * np.float32(40))
    found = quantised(program_of(passed_on), path, Scheme())
    both = found.checked.main.outputs[1].name
    affine = found.report.interface[both]
    assert found.report.interface["y"] == affine and 60 < 255 * affine.scale < 170 and not found.report.in_floats
    assert found.report.outputs[1].calibration.largest <= affine.scale


@node
def shared(x: Stream[Vec[L[4]]], y: Stream[Vec[L[4]]]) -> tuple[Stream[Vec[L[2]]], Stream[f32]]:
    """What is delayed for a network alone is delayed as integers, though the number itself is read elsewhere."""
    before = pre(pre(x, init=0.0), init=0.5)
    held = pre(y, init=0.0)
    return FIRST(before), OTHER(held)[0] + held[1] + x[0] * 2.0


@pytest.mark.parametrize("interface", Interface)
def test_an_input_that_stays_a_float_becomes_integers_once_where_it_comes_in(
    tmp_path: Path, interface: Interface
) -> None:
    found = quantised(program_of(shared), recorded(tmp_path, x=(4,), y=(4,)), Scheme(interface=interface))
    types = {v.name: str(v.type) for v in found.checked.main.clocks}
    # A float is kept of `y` alone, which an equation in floats reads a tick later.
    kept = [str(e.target.type) for e in found.checked.main.equations if isinstance(e.rhs, Fby)]
    assert sorted(kept) == ["f32[4]", "i8[4]", "i8[4]"] and types["x"] == types["y"] == "f32[4]"
    assert ("x", "integers", "the interface") in {(c.stream, c.becomes, c.reader) for c in found.report.crossings}
    inputs, run = run_of(found)
    assert_c_agrees(found.checked, inputs, run)
    snr = found.report.outputs[0].calibration.snr
    assert snr is not None and snr > 25


def test_an_input_that_no_network_takes_may_be_one_value(tmp_path: Path) -> None:
    path = recorded(tmp_path, x=(4,), y=(4,), limit=())
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    np.savez(path, **arrays | {"limit": np.full(48, 0.5, np.float32)})  # type: ignore[arg-type]
    assert quantised(program_of(mixed), path).report.interface.keys() > {"y"}
    np.savez(path, **arrays | {"y": np.ones((48, 4), np.float32)})  # type: ignore[arg-type]
    for interface in Interface:
        with pytest.raises(DiagnosticError, match=r"the array 'y' of .* never changes"):
            quantised(program_of(mixed), path, Scheme(interface=interface))


@node
def beyond(x: Stream[Vec[L[4]]]) -> Stream[Vec[L[2]]]:
    """What the network's integers cannot be is among what is moved."""
    return pre(FIRST(x), init=1000.0)


def test_a_constant_out_of_the_range_of_integers_keeps_a_stream_in_floats(tmp_path: Path) -> None:
    found = quantised(program_of(beyond), recorded(tmp_path, x=(4,)), Scheme())
    assert set(found.report.interface) == {"x"} and found.report.in_floats
    run = run_of(found)[1]
    assert run.trace.column(found.checked.main.outputs[0].name).values[0].tolist() == [1000.0, 1000.0]


def test_the_package_says_what_its_integers_mean_and_has_no_float(tmp_path: Path) -> None:
    found = quantised(program_of(recurrent), recorded(tmp_path, x=(4,)), Scheme())
    meanings = {name: Integers(a.scale, a.zero_point) for name, a in found.report.interface.items()}
    export(step_code(found.checked, flat=False), tmp_path / "c", Options(target=CORTEX_M3, integers=meanings))
    sources = {
        p.name: p.read_text("utf-8") for p in (*(tmp_path / "c/src").iterdir(), *(tmp_path / "c/include").iterdir())
    }
    assert len(sources) >= 4 and not any(re.search(r"\b(float|double)\b", text) for text in sources.values())
    for name, affine in found.report.interface.items():
        macro = f"RECURRENT_{name.upper()}"
        scale = re.search(rf"#define {macro}_SCALE (\S+)F\n", sources["recurrent.h"])
        zero = re.search(rf"#define {macro}_ZERO_POINT \(?(-?\d+)\)?\n", sources["recurrent.h"])
        assert scale is not None and np.float32(scale[1]) == np.float32(affine.scale)
        assert zero is not None and int(zero[1]) == affine.zero_point
        assert f"{macro}_SCALE" in (tmp_path / "c/README.md").read_text("utf-8")
    require("arm-none-eabi-gcc")
    symbols = ""
    for path in sorted((tmp_path / "c/src").glob("*.c")):
        compiled = path.with_suffix(".o")
        flags = ["-mcpu=cortex-m3", "-mthumb", "-std=c99", "-O2", "-Werror", "-I", str(tmp_path / "c/include")]
        subprocess.run(["arm-none-eabi-gcc", *flags, "-c", str(path), "-o", str(compiled)], check=True)
        symbols += subprocess.run(
            ["arm-none-eabi-nm", str(compiled)], check=True, capture_output=True, text=True
        ).stdout
    assert "recurrent_step" in symbols and not re.findall(
        r"__aeabi_\w*[fd]\w*", re.sub(r"__aeabi_u?[il]div\w*", "", symbols)
    )


def test_the_step_takes_integers_and_gives_integers(tmp_path: Path) -> None:
    """The C is run on the integers of numbers, and its results compared with what integers of floats say."""
    found = quantised(program_of(in_sequence), recorded(tmp_path, x=(4,)), Scheme())
    inputs, run = run_of(found)
    results = compile_and_run(step_code(found.checked, flat=True), inputs, TICKS)
    (output,) = found.checked.main.outputs
    assert results.outputs[output.name].dtype == np.int8
    assert (results.outputs[output.name] == run.trace.column(output.name).values).all()
