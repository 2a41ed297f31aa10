"""The streaming wake word of MLPerf Tiny, from the folder that ``SYNCML_TEST_DATA`` names: ``make test-data``.

The expected integers are those of a model in NumPy of the reference kernels of TensorFlow Lite, written here: products
of a 32-bit accumulator with a fixed-point number, rounded twice (convolutions), or of the real number, rounded once
(fully connected). The same network by the meaning of `QuantizeLinear` is computed beside it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, i8, node, window
from syncml.export_c import compile_and_run
from syncml.ir.equations.syntax import Fby
from syncml.ir.equations.work import products_of
from syncml.ir.types import size
from syncml.lang.load import program_of
from syncml.networks.onnx_node import load_onnx
from syncml.networks.onnx_quantised import QuantisedNetwork
from syncml.nodes.fixed_point import Rounding
from syncml.pipeline import Checked, check, folded, step_code
from syncml.sim.interpreter import interpret

FILE = Path(os.environ.get("SYNCML_TEST_DATA", "")) / "onnx" / "mlperf_tiny_streaming_wakeword.onnx"
Array = np.ndarray[Any, Any]
WINDOWS = 8

pytestmark = pytest.mark.skipif(
    not FILE.is_file() or "SYNCML_TEST_DATA" not in os.environ,
    reason="no trained networks: set SYNCML_TEST_DATA to a folder with onnx/*.onnx, see docs/how-to/networks.md",
)


def twice(total: Array, real: Array) -> Array:
    """`MultiplyByQuantizedMultiplier`: the high half of twice the product, and a division, each rounded."""
    result = np.empty_like(total)
    for channel, r in enumerate(np.broadcast_to(real, total.shape[-1])):
        fraction, exponent = math.frexp(float(r))
        product = total[..., channel] * math.floor(fraction * 2**31 + 0.5)
        nudge = np.where(product >= 0, 1 << 30, 1 - (1 << 30))
        high = np.trunc((product + nudge) / 2.0**31).astype(np.int64)
        mask = (1 << -exponent) - 1
        result[..., channel] = (high >> -exponent) + ((high & mask) > (mask >> 1) + (high < 0))
    return result


def once(total: Array, real: Array) -> Array:
    """The product with the real number, rounded with ties away from zero."""
    product = total * real
    return (np.sign(product) * np.floor(abs(product) + 0.5)).astype(np.int64)


def even(total: Array, real: Array) -> Array:
    """The same with ties to even: `QuantizeLinear` of the real sum."""
    return np.rint(total * real).astype(np.int64)


Rounded = Callable[[Array, Array], Array]


def evaluated(x: Array, convolution: Rounded, dense: Rounded) -> Array:
    """The probabilities for windows (n, 30, 40)."""
    onnx: Any = pytest.importorskip("onnx")
    graph = onnx.load(str(FILE)).graph
    constants = {w.name: onnx.numpy_helper.to_array(w) for w in graph.initializer}
    made = {name: n for n in graph.node for name in n.output}
    readers = {name: n for n in reversed(graph.node) for name in n.input}

    def weights(name: str) -> tuple[Array, Array]:
        integers, scale, _ = made[name].input
        return constants[integers].astype(np.int64), constants[scale].astype(np.float64)

    def written(name: str) -> tuple[float, int, bool]:
        reader = readers[name]
        relu = reader.op_type == "Relu"
        _, scale, zero = (readers[reader.output[0]] if relu else reader).input
        return float(constants[scale]), int(constants[zero]), relu

    reader = next(n for n in graph.node if n.op_type == "Transpose")
    _, scale, zero = readers[reader.output[0]].input
    s, z, q = float(constants[scale]), int(constants[zero]), x.astype(np.int64)
    for operator in (n for n in graph.node if n.op_type in ("Conv", "MatMul")):
        w, w_scale = weights(operator.input[1])
        if operator.op_type == "Conv":
            b, _ = weights(operator.input[2])
            out = operator.output[0]
            if w.shape[1] == 1:
                size = w.shape[2]
                windows = np.stack([q[:, t : t + size] for t in range(q.shape[1] - size + 1)], axis=1)
                total = np.einsum("ck,ntkc->ntc", w[:, 0, :, 0], windows - z) + b
            else:
                total = (q - z) @ w[:, :, 0, 0].T + b
        else:
            bias = readers[operator.output[0]]
            b, _ = weights(bias.input[1])
            out = bias.output[0]
            total = (q[:, 0] - z) @ w + b
        next_s, next_z, relu = written(out)
        rounded = (convolution if operator.op_type == "Conv" else dense)(total, s * w_scale / next_s)
        s, z, q = next_s, next_z, np.clip(rounded + next_z, next_z if relu else -128, 127)
    powers = np.exp(s * (q - q.max(axis=1, keepdims=True)))
    return np.clip(np.rint(256 * powers / powers.sum(axis=1, keepdims=True)) - 128, -128, 127)


def windows() -> Array:
    """Half of them noise, half of them walks that stay where the spectrum of speech is."""
    generator = np.random.default_rng(7)
    noise = generator.integers(-128, 128, (WINDOWS // 2, 30, 40))
    walks = np.clip(np.cumsum(generator.normal(size=(WINDOWS // 2, 30, 40)) * 12, axis=1) - 60, -128, 127)
    return np.concatenate([noise, walks]).astype(np.int8)


def program(rounding: Rounding, dense: Rounding) -> Checked:
    loaded = load_onnx(FILE)
    assert isinstance(loaded, QuantisedNetwork)
    network = QuantisedNetwork(loaded.graph, rounding, dense)

    @node
    def wake(x: Stream[Mat[L[30], L[40], i8]]) -> Stream[Vec[L[3], i8]]:
        return network(x)

    return check(program_of(wake))


def run(checked: Checked, x: Array) -> Array:
    trace = interpret(checked.program, {"x": x}, len(x)).trace
    return trace.column(checked.main.outputs[0].name).values


def test_the_integers_are_those_of_the_reference_kernels_and_c_has_the_same_bits() -> None:
    x, checked = windows(), program(Rounding.DOUBLE, Rounding.EXACT)
    found = run(checked, x)
    assert np.array_equal(found, evaluated(x, twice, once))
    compiled = compile_and_run(step_code(checked, flat=False), {"x": x}, len(x), "gcc", ("-O3",))
    assert np.array_equal(compiled.outputs[checked.main.outputs[0].name], found)


def test_rounded_once_the_integers_are_those_of_quantize_linear() -> None:
    x = windows()
    single = run(program(Rounding.SINGLE, Rounding.SINGLE), x)
    meant = evaluated(x, even, even)
    assert np.array_equal(single, meant)
    # The reference kernels round otherwise, and that shows.
    assert 0 < (run(program(Rounding.DOUBLE, Rounding.EXACT), x) != meant).mean() < 0.15


def test_folded_over_time_a_frame_takes_46040_products_and_3536_bytes_of_state() -> None:
    network = load_onnx(FILE)

    @node
    def wake(x: Stream[Vec[L[40], i8]]) -> Stream[Vec[L[3], i8]]:
        return network(window(x, 30))

    checked = check(program_of(wake))
    found = folded(checked).program
    registers = [e.target for n in found.nodes for e in n.equations if isinstance(e.rhs, Fby)]
    assert products_of(checked.program) == 826_368 and products_of(found) == 46_040
    assert all(str(v.type).startswith("i8") for v in registers) and sum(size(v.type) for v in registers) == 3536
    x = windows()[0].repeat(2, axis=0)
    expected = interpret(checked.program, {"x": x}, len(x)).trace
    compiled = compile_and_run(step_code(checked, flat=False), {"x": x}, len(x), "gcc", ("-O3",))
    output = checked.main.outputs[0].name
    assert np.array_equal(compiled.outputs[output], expected.column(output).values)
