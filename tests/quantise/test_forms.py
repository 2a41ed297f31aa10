"""Operators of networks in integers beyond layers: products of streams, comparisons, choices, indices, attention."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncml import (
    Stream,
    Vec,
    cast,
    constant,
    einsum,
    f32,
    i8,
    i16,
    i32,
    maximum,
    minimum,
    node,
    state,
    tanh,
    vec,
    where,
)
from syncml.diagnostics.model import DiagnosticError
from syncml.ir.step.lowering import Observe
from syncml.ir.types import FLOATS, element
from syncml.lang.load import program_of
from syncml.nodes.attention import Attention
from syncml.nodes.embedding import Embedding
from syncml.nodes.neural import Dense, relu
from syncml.nodes.policies import ObservationNorm, Policy, argmax, clipped, squashed
from syncml.nodes.quantised import Affine, Quantised
from syncml.nodes.quantised_pairs import compare, contracted
from syncml.quantise.calibration import Method, affine_of
from syncml.quantise.program import Quantisation, Scheme, quantised
from syncml.sim.interpreter import interpret
from tests.quantise.recordings import recorded, weights
from tests.quantise.test_interface import run_of
from tests.support.engines import assert_c_agrees, assert_numba_agrees

Array = np.ndarray[Any, Any]
DENSE = Dense(weights(3, 4), weights(3))
WIDE = Dense(weights(6, 4), weights(6))
ATTENTION = Attention(weights(18, 6), weights(18), weights(6, 6), weights(6), heads=2, window=5)


@node
def gated(x: Stream[Vec[L[4]]]) -> Stream[Vec[L[3]]]:
    """A choice by a comparison of streams of different scales, and by one with constants."""
    open_, shut = DENSE(x), relu(DENSE(x * 0.25))
    chosen = where(open_ > shut, open_, 0.5)
    return where((x[0] >= 0.3) & ~(x[1] < -0.7), chosen, -shut)


@node
def bilinear(x: Stream[Vec[L[4]]]) -> tuple[Stream[Vec[L[2]]], Stream[Vec[L[3]]], Stream[f32]]:
    """Products of two streams: of matrices, of a matrix and a vector, of vectors."""
    six = WIDE(x)
    left, right = six.reshape(2, 3), six[::-1].reshape(3, 2)
    return (left @ right)[0], einsum("ij,i->j", left, x[:2]), DENSE(x) @ x[1:]


@node
def attending(x: Stream[Vec[L[4]]]) -> Stream[Vec[L[6]]]:
    """Attention over a window: a ring, a mask and a softmax."""
    return ATTENTION(WIDE(x))


@node
def indexed(x: Stream[Vec[L[4]]], at: Stream[i32]) -> Stream[f32]:
    """Elements at places that are known when it runs, and a count of what was positive."""
    y = WIDE(x)
    positive = state(init=0)
    positive.next = (positive + cast(y[0] > 0.0, i32)) % 3
    return y[at] * 0.5 + y[positive] + cast(y[1] > y[2], f32)


@node
def bounded_by_streams(x: Stream[Vec[L[4]]]) -> Stream[Vec[L[3]]]:
    """Limits that are streams, the largest and the least element, magnitudes, a residual that is scaled."""
    y = DENSE(x)
    limited = minimum(maximum(y, x[:3] - 1.0), abs(x[1:]) + 0.1)
    return limited * 0.7 + (y.max() - y.min()) * vec(1.0, -1.0, 0.5)


FORMS: dict[str, tuple[Any, dict[str, tuple[int, ...]], float]] = {
    "gated": (gated, {"x": (4,)}, 18),
    "bilinear": (bilinear, {"x": (4,)}, 20),
    "attention": (attending, {"x": (4,)}, 12),
    "bounded by streams": (bounded_by_streams, {"x": (4,)}, 25),
}


def is_whole(found: Quantisation) -> bool:
    ends = (*found.checked.main.inputs, *found.checked.main.outputs)
    return not found.report.in_floats and not any(element(v.type) in FLOATS for v in ends)


@pytest.mark.parametrize("name", FORMS)
def test_an_operator_in_integers_is_near_the_one_in_floats_and_engines_agree(tmp_path: Path, name: str) -> None:
    program, shapes, least = FORMS[name]
    path = recorded(tmp_path, **shapes)
    for bits, more in ((8, 0), (16, 8)):
        found = quantised(program_of(program), path, Scheme(bits=bits))
        assert is_whole(found)
        for output in found.report.outputs:
            assert output.calibration.snr is not None and output.calibration.snr >= least + more, (bits, output)
        if bits == 8:
            inputs, run = run_of(found)
            assert_c_agrees(found.checked, inputs, run)
            assert_numba_agrees(found.checked, inputs, run, Observe.NAMED)


def test_indices_and_truth_values_stay_what_they_are(tmp_path: Path) -> None:
    path = recorded(tmp_path, x=(4,))
    with np.load(path) as archive:
        np.savez(path, x=archive["x"], at=np.arange(len(archive["x"])) % 6)
    found = quantised(program_of(indexed), path)
    assert is_whole(found) and [str(v.type) for v in found.checked.main.inputs] == ["i8[4]", "i32"]
    assert found.report.outputs[0].calibration.snr is not None and found.report.outputs[0].calibration.snr > 15
    inputs, run = run_of(found)
    assert_c_agrees(found.checked, inputs, run)


NORM = ObservationNorm(np.array([0.1, -0.2, 0.0, 0.5]), np.array([1.0, 0.5, 2.0, 1.5]))
LAYERS = (Dense(weights(8, 4), weights(8), relu), Dense(weights(3, 8), weights(3)))
LOW, HIGH = np.array([-1.0, -0.5, 0.0], np.float32), np.array([1.0, 0.5, 0.25], np.float32)


def test_policies_are_integers_from_observation_to_action(tmp_path: Path) -> None:
    path = recorded(tmp_path, x=(4,))
    for act in (clipped(LOW, HIGH), squashed(LOW, HIGH), argmax):
        policy = Policy(LAYERS, act, NORM)

        @node
        def acting(x: Stream[Vec[L[4]]], policy: Any = policy) -> Stream[Any]:
            return policy(x)

        found = quantised(program_of(acting), path)
        assert is_whole(found)
        if act is argmax:
            (output,) = found.checked.main.outputs
            assert str(output.type) == "i32" and not found.report.outputs
            inputs, run = run_of(found)
            expected = interpret(program_of_floats(acting), found.report.recording.inputs, len(inputs["x"])).trace
            before = expected.column(expected.names()[-1]).values
            assert (run.trace.column(output.name).values == before).mean() > 0.85
            assert_c_agrees(found.checked, inputs, run)
        else:
            assert found.report.outputs[0].calibration.snr is not None and found.report.outputs[0].calibration.snr > 22


def program_of_floats(program: Any) -> Any:
    from syncml.pipeline import check

    return check(program_of(program)).program


affines8 = st.builds(Affine, st.floats(1e-4, 1e2).map(lambda s: float(np.float32(s))), st.integers(-128, 127))
affines16 = st.builds(Affine, st.floats(1e-4, 1e2).map(lambda s: float(np.float32(s))), st.just(0), st.just(16))
same_width = st.one_of(st.tuples(affines8, affines8), st.tuples(affines16, affines16))
COMPARED = {"lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__", "eq": "__eq__", "ne": "__ne__"}


def evaluated(function: Any, a: Affine, b: Affine, p: Array, q: Array) -> Array:
    """``function`` of two streams of integers, run by the interpreter."""
    n = len(p)
    kind: Any = i8 if a.bits == 8 else i16

    @node
    def main(x: Stream[Vec[L[n], kind]], y: Stream[Vec[L[n], kind]]) -> Stream[Any]:  # type: ignore[valid-type]
        return function(Quantised(x, a), Quantised(y, b))

    trace = interpret(program_of_floats(main), {"x": p[None], "y": q[None]}, 1).trace
    return trace.column(trace.names()[-1]).values[0]


@settings(max_examples=40, deadline=None)
@given(same_width, st.sampled_from(sorted(COMPARED)), st.integers(0, 2**32 - 1))
def test_a_comparison_is_that_of_the_real_numbers(pair: tuple[Affine, Affine], operator: str, seed: int) -> None:
    a, b = pair
    generator = np.random.default_rng(seed)
    kind = np.int8 if a.bits == 8 else np.int16
    p = generator.integers(a.low, a.high, 24, dtype=kind, endpoint=True)
    # Numbers near those of p, where a comparison is decided by the last integer.
    q = np.where(generator.random(24) < 0.7, b.quantised(a.scale * (p.astype(float) - a.zero_point)),
                 generator.integers(b.low, b.high, 24, endpoint=True)).astype(kind)  # fmt: skip
    try:
        found = evaluated(lambda x, y: compare(operator, x, y), a, b, p, q)
    except ValueError:
        assert max(a.scale / b.scale, b.scale / a.scale) > 2**15
        return
    left, right = ([Fraction(f.scale) * (int(n) - f.zero_point) for n in integers] for f, integers in ((a, p), (b, q)))
    expected = [getattr(m, COMPARED[operator])(n) for m, n in zip(left, right, strict=True)]
    assert found.tolist() == expected


@settings(max_examples=30, deadline=None)
@given(affines8, st.sampled_from(["lt", "le", "gt", "ge"]), st.integers(-140, 140), st.floats(0.1, 0.9))
def test_a_constant_parts_integers_as_it_parts_real_numbers(x: Affine, operator: str, at: int, part: float) -> None:
    limit = x.scale * (at + part - x.zero_point)
    every = np.arange(-128, 128, dtype=np.int8)
    found = evaluated(lambda a, _: compare(operator, a, np.array(limit)), x, x, every, every)
    expected = [getattr(x.scale * (int(q) - x.zero_point), COMPARED[operator])(limit) for q in every]
    assert found.tolist() == expected


@settings(max_examples=30, deadline=None)
@given(same_width, affines8, st.integers(0, 2**32 - 1))
def test_a_product_of_streams_is_rounded_once(pair: tuple[Affine, Affine], output: Affine, seed: int) -> None:
    a, b = pair
    generator = np.random.default_rng(seed)
    kind = np.int8 if a.bits == 8 else np.int16
    p, q = (generator.integers(f.low, f.high, 6, dtype=kind, endpoint=True) for f in (a, b))
    exact = sum(Fraction(a.scale) * (int(m) - a.zero_point) * Fraction(b.scale) * (int(n) - b.zero_point)
                for m, n in zip(p, q, strict=True))  # fmt: skip
    # The result covers the sum, as calibration sees to.
    wanted = affine_of(np.array([float(exact) * 1.1 + 1e-6, -float(exact) * 0.3]), Method.MINMAX, a.bits)
    assert wanted is not None
    found = int(evaluated(lambda x, y: contracted("i,i->", x, y, wanted).values, a, b, p, q))
    real = exact / Fraction(wanted.scale) + wanted.zero_point
    assert abs(found - real) <= Fraction(1, 2) + Fraction(1, 10**6) * max(1, abs(real))


def test_a_product_of_streams_whose_sum_could_overflow_is_refused() -> None:
    wide = Affine(0.1, -128)

    @node
    def main(x: Stream[Vec[L[40000], i8]]) -> Stream[i8]:
        return contracted("i,i->", Quantised(x, wide), Quantised(x, wide), wide).values

    with pytest.raises(DiagnosticError, match="can reach 2601000000, and an accumulator of 32 bits"):
        program_of(main)


@node
def halved(x: Stream[Vec[L[3]]]) -> Stream[Vec[L[3]]]:
    return x * 0.5


@node
def softened(x: Stream[Vec[L[3]]]) -> Stream[Vec[L[3]]]:
    return where(x > 0.0, halved(x), tanh(x))


def test_nodes_that_a_network_calls_are_part_of_it(tmp_path: Path) -> None:
    @node
    def network(x: Stream[Vec[L[4]]]) -> Stream[Vec[L[3]]]:
        return softened(DENSE(x))

    found = quantised(program_of(network), recorded(tmp_path, x=(4,)))
    assert is_whole(found) and [n.label for n in found.checked.program.nodes].count("softened") == 0
    assert found.report.outputs[0].calibration.snr is not None and found.report.outputs[0].calibration.snr > 25


def test_a_controller_with_matrices_and_a_logic_stays_in_floats(tmp_path: Path) -> None:
    gains = weights(2, 4)

    @node
    def controller(x: Stream[Vec[L[4]]]) -> Stream[f32]:
        moved = constant(gains, name="gains") @ x
        return where(moved[0] > 0.0, moved[1], DEEP(x)[0])

    report = quantised(program_of(controller), recorded(tmp_path, x=(4,))).report
    assert list(report.networks) == ["policy"] and [e.target.name for e in report.left] == ["moved"]


DEEP = Policy((DENSE,))
TOKENS = Embedding(weights(7, 4))


def test_an_embedding_of_numbers_of_words_is_a_table_of_integers(tmp_path: Path) -> None:
    @node
    def network(word: Stream[i32]) -> Stream[Vec[L[3]]]:
        return DENSE(TOKENS(word))

    path = tmp_path / "words.npz"
    np.savez(path, word=np.arange(40) % 7)
    found = quantised(program_of(network), path)
    assert is_whole(found) and found.report.outputs[0].held_out.snr is not None
    assert found.report.outputs[0].held_out.snr > 30
    inputs, run = run_of(found)
    assert_c_agrees(found.checked, inputs, run)
