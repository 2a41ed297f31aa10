"""Programs with their networks in integers: errors, what is refused, and the same bits in every engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import (
    Mat,
    Stream,
    Vec,
    atan2,
    clip,
    concat,
    constant,
    each,
    einsum,
    exp,
    f32,
    maximum,
    minimum,
    node,
    tanh,
    where,
)
from syncml.diagnostics.model import DiagnosticError
from syncml.ir.equations.syntax import Apply, Node, Program
from syncml.ir.step.lowering import Observe, Observed
from syncml.ir.types import FLOATS, element, shape
from syncml.lang.load import program_of
from syncml.nodes.activations import softmax
from syncml.nodes.convolution import Conv1d
from syncml.nodes.neural import GRU, MLP, Dense, normalise, relu
from syncml.pipeline import check
from syncml.quantise import calibration
from syncml.quantise.calibration import Method, affine_of, dequantised
from syncml.quantise.host import converted_inputs
from syncml.quantise.program import Quantisation, Scheme, quantised
from syncml.quantise.report import json_of, text_of
from syncml.sim.compiled import Simulation
from syncml.sim.formats import to_npz
from syncml.sim.interpreter import interpret
from tests.quantise.recordings import recorded, weights
from tests.support.engines import TICKS, assert_c_agrees, assert_numba_agrees

Array = np.ndarray[Any, Any]


def perceptron(units: int = 8) -> MLP:
    tensors = {"0.weight": weights(units, 4), "0.bias": weights(units), "1.weight": weights(2, units),
               "1.bias": weights(2)}  # fmt: skip
    return MLP.of(tensors, relu)


def of_vector(function: Callable[[Any], Any], size: int = 4) -> Any:
    """A program whose network is ``function`` of the vector ``x``."""

    @node
    def network(x: Stream[Vec[size]]) -> Stream[Vec[Any]]:  # type: ignore[valid-type]
        return function(x)

    return network


def snr(found: Quantisation) -> float:
    (output, *_) = found.report.outputs
    assert output.calibration.snr is not None and output.held_out.snr is not None
    return output.calibration.snr


def floats_of(network: Node) -> set[str]:
    """The operators on floats in a node."""
    return {
        e.rhs.op.value
        for e in network.equations
        if isinstance(e.rhs, Apply) and any(element(a.type) in FLOATS for a in (*e.rhs.arguments, e.target))
    }


DENSE = Dense(weights(3, 4), weights(3), tanh)
NETWORKS: dict[str, tuple[Any, float]] = {
    "mlp": (of_vector(perceptron().mlp), 25),
    "activations": (of_vector(lambda x: exp(minimum(DENSE(x), 0.5)) * 0.25 - 1.0), 25),
    "normalised": (of_vector(lambda x: DENSE(normalise(x, [0.5, -1, 0, 2], [2, 1, 0.5, 3]))), 25),
    "residual": (of_vector(lambda x: maximum(Dense(weights(4, 4), weights(4))(x) + x, -1.0) - 0.5 * x), 22),
    "softmax": (of_vector(lambda x: softmax(Dense(weights(5, 4), weights(5))(x))), 14),
    "softsign": (of_vector(lambda x: DENSE(x) / (1.0 + abs(DENSE(x)))), 20),
    "contracted": (of_vector(lambda x: einsum("ij->j", (DENSE(x) * 2.0).reshape(3, 1) * DENSE(x))), 15),
    "reduced": (of_vector(lambda x: 1.0 - (DENSE(x) * DENSE(x)[::-1]).reshape(3, 1).sum(axis=0)), 15),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_in_integers_is_near_the_one_in_floats(tmp_path: Path, name: str) -> None:
    network, least = NETWORKS[name]
    path = recorded(tmp_path, x=(4,))
    for bits, more in ((8, 0), (16, 8)):
        found = quantised(program_of(network), path, Scheme(bits=bits))
        assert snr(found) >= least + more
        assert not floats_of(found.checked.main)


def test_convolutions_with_their_channels_first_or_last(tmp_path: Path) -> None:
    last = Conv1d(weights(3, 2, 3), weights(3), channels_last=True, activation=relu)
    first, own = Conv1d(weights(3, 2, 3), weights(3)), Conv1d(weights(2, 1, 3), groups=2)

    @node
    def network(x: Stream[Mat[L[8], L[2]]]) -> Stream[Vec[Any]]:
        return concat(last(x).reshape(18), first(x.T).reshape(18), own(x.T).reshape(12))

    found = quantised(program_of(network), recorded(tmp_path, x=(8, 2)))
    assert snr(found) > 25


def test_a_recurrent_network_keeps_its_state_in_integers_and_engines_agree(tmp_path: Path) -> None:
    memory, head = GRU(weights(15, 4), weights(15, 5), weights(15), weights(15)), Dense(weights(2, 5), weights(2))

    @node
    def perception(x: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
        return head(memory(x))

    @node
    def main(x: Stream[Vec[L[4]]], limit: Stream[f32]) -> Stream[f32]:
        track = perception(x)
        return where(limit > 0.0, clip(track[0], -limit, limit), track[1])

    found = quantised(program_of(main), recorded(tmp_path, x=(4,), limit=()))
    (name,) = found.report.networks
    assert name == "perception" and snr(found) > 20
    state = [
        v for n in found.checked.program.nodes for v in n.clocks if v.name.endswith(".h") or v.name.endswith("h_2")
    ]
    assert any(str(v.type) == "i8[5]" for v in state)
    inputs = converted_inputs(found.report.recording.inputs, found.floats, found.report.interface, TICKS)
    inputs = {n: v[:TICKS] for n, v in inputs.items()}
    run = interpret(found.checked.program, inputs, TICKS)
    assert_c_agrees(found.checked, inputs, run)
    assert_numba_agrees(found.checked, inputs, run, Observe.NAMED)


def test_two_instances_of_a_network_share_its_ranges(tmp_path: Path) -> None:
    mlp = perceptron()

    @node
    def main(x: Stream[Vec[L[4]]], y: Stream[Vec[L[4]]]) -> Stream[f32]:
        return where(x[0] > 0.0, mlp(x)[0], mlp(y * 0.1)[1])

    path = recorded(tmp_path, x=(4,), y=(4,))
    with np.load(path) as arrays:
        seen = np.concatenate([arrays["x"][:36], arrays["y"][:36] * np.float32(0.1)])
    found = quantised(program_of(main), path)
    (streams,) = found.report.networks.values()
    x = next(s for s in streams if s.name == "x")
    assert x.layer is not None and x.layer.affine.scale == pytest.approx((seen.max() - seen.min()) / 255)


def test_an_array_of_networks_whose_results_are_added(tmp_path: Path) -> None:
    mlp = perceptron()

    @node
    def added(x: Stream[Mat[L[3], L[4]]]) -> Stream[Vec[L[2]]]:
        return einsum("ij->j", each(mlp.mlp)(x)) + 0.0

    found = quantised(program_of(added), recorded(tmp_path, x=(3, 4)))
    assert list(found.report.networks) == ["mlp"] and snr(found) > 25


def test_the_report_is_a_table_and_a_document(tmp_path: Path) -> None:
    report = quantised(program_of(of_vector(perceptron().mlp)), recorded(tmp_path, x=(4,))).report
    document = json.loads(json_of(report))
    assert document["ticks"] == {"calibration": 36, "held_out": 12} and document["activation_bits"] == 8
    (network,) = document["networks"]
    products = [s["products"] for s in network["streams"] if "products" in s]
    assert products == [32, 16] and all(s["held_out"]["max_error"] >= 0 for s in network["streams"])
    assert "held out" in text_of(report) and "recorded.npz: 36 ticks calibrate, 12 are held out" in text_of(report)


def test_ranges_by_error_and_by_share_leave_outliers_out() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(size=20_000), [60.0]])
    scales = {}
    for method in Method:
        affine = affine_of(values, method, 8)
        assert affine is not None and affine.low <= affine.zero_point <= affine.high
        scales[method] = affine.scale
        assert dequantised(affine.quantised(0.0), affine) == 0.0
    assert scales[Method.PERCENTILE] < 0.2 * scales[Method.MINMAX]
    assert scales[Method.MSE] < scales[Method.MINMAX]
    assert affine_of(np.zeros(5), Method.MINMAX, 8) is None


def refused(program: Any, path: Path, scheme: Scheme | None = None) -> tuple[str, str]:
    with pytest.raises(DiagnosticError) as caught:
        quantised(program_of(program), path, scheme)
    first = caught.value.diagnostics[0]
    return first.code, first.message


def test_recorded_inputs_are_checked(tmp_path: Path) -> None:
    network = of_vector(perceptron().mlp)
    good = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    bad = good.copy()
    bad[7, 2] = np.inf
    cases: dict[str, tuple[dict[str, Array], str]] = {
        "has no array for the input 'x'": ({"z": good}, "D022"),
        "and `network` no such input": ({"x": good, "z": good}, "D022"),
        "shape (20, 3)": ({"x": good[:, :3]}, "D022"),
        "has 5 ticks": ({"x": good[:5]}, "D022"),
        "first at tick 7": ({"x": bad}, "D023"),
        "never changes": ({"x": np.ones((20, 4), np.float32)}, "D024"),
    }
    for words, (arrays, code) in cases.items():
        path = tmp_path / "r.npz"
        np.savez(path, **arrays)  # type: ignore[arg-type]
        with pytest.raises(DiagnosticError) as caught:
            quantised(program_of(network), path)
        assert any(d.code == code and words in d.message for d in caught.value.diagnostics), words
    path.write_bytes(path.read_bytes()[:40])
    assert refused(network, path)[0] == "D004"
    assert refused(network, tmp_path / "absent.npz")[0] == "D001"


def test_a_trace_of_a_run_is_a_recording(tmp_path: Path) -> None:
    network = of_vector(perceptron().mlp)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(20, 4)).astype(np.float32)
    run = interpret(check(program_of(network)).program, {"x": x}, 20).trace
    (tmp_path / "run.npz").write_bytes(to_npz(run))
    np.savez(tmp_path / "x.npz", x=x)
    with np.load(tmp_path / "run.npz") as archive:
        assert {"x", "x.present", "out"} <= {*archive.files}
    reports = [quantised(program_of(network), tmp_path / name).report for name in ("run.npz", "x.npz")]
    assert json_of(reports[0]).replace("run.npz", "x.npz") == json_of(reports[1])


def test_a_stream_that_is_0_throughout_is_refused_by_name(tmp_path: Path) -> None:
    dead = Dense(weights(3, 4), np.full(3, -100, np.float32), relu)
    code, message = refused(of_vector(dead), recorded(tmp_path, x=(4,)))
    assert code == "D024" and "`network`" in message


def test_a_layer_beside_what_has_no_integer_form_is_refused_by_name(tmp_path: Path) -> None:
    path = recorded(tmp_path, x=(4,))
    hidden = Dense(weights(3, 4), weights(3), name="hidden")
    program = of_vector(lambda x: where(x[0] > 0.0, hidden(x), atan2(x[1], x[2])))
    code, message = refused(program, path)
    assert code == "D020" and "`hidden`" in message and "`atan2`" in message
    assert refused(program, path, Scheme(in_floats=frozenset({"network"})))[0] == "D025"


def test_products_of_a_filter_stay_and_are_told(tmp_path: Path) -> None:
    mlp = perceptron()

    @node
    def main(x: Stream[Vec[L[4]]]) -> Stream[f32]:
        moved = constant(weights(4, 4), name="f") @ x
        return where(moved[0] > 0.0, mlp(x)[0], 0.0)

    report = quantised(program_of(main), recorded(tmp_path, x=(4,))).report
    assert [e.target.name for e in report.left] == ["moved"] and "moved" in text_of(report)
    assert shape(report.left[0].target.type) == (4,)


def test_a_program_without_a_network_is_refused(tmp_path: Path) -> None:
    assert refused(of_vector(lambda x: x * 2.0), recorded(tmp_path, x=(4,)))[0] == "D025"


def test_compiled_calibration_finds_the_ranges_of_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recorded(tmp_path, x=(4,))
    original, compiled = calibration.compile_program, list[Program]()

    def counted(program: Program, observe: Observed) -> Simulation:
        compiled.append(program)
        return original(program, observe)

    monkeypatch.setattr(calibration, "compile_program", counted)
    reports: list[str] = []
    for least, times in ((1 << 62, 0), (0, 2)):
        monkeypatch.setattr(calibration, "COMPILED", least)
        reports.append(json_of(quantised(program_of(NETWORKS["softmax"][0]), path).report))
        assert len(compiled) == times
    assert reports[0] == reports[1]


def test_a_wide_network_is_interpreted_where_that_is_less_time_than_to_compile_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Millions of products on few arrays are little work for the interpreter, which computes on whole arrays."""

    def refused_compiling(*_: object) -> Simulation:
        raise AssertionError("compiled")

    monkeypatch.setattr(calibration, "compile_program", refused_compiling)
    wide = Dense(weights(400, 400), weights(400), relu)
    found = quantised(program_of(of_vector(wide, 400)), recorded(tmp_path, ticks=24, x=(400,)))
    assert 24 * 400 * 400 > 2_000_000
    assert snr(found) > 25
    with pytest.raises(AssertionError, match="compiled"):
        quantised(program_of(of_vector(DENSE)), recorded(tmp_path, ticks=200_000, x=(4,)))
