"""The networks of the flagship: training works, is repeatable, and trains the functions that the pipeline runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from syncml.networks.weights import load_weights
from syncml.pipeline import check_file
from syncml.sim.compiled import compile_program
from tests.support.flagship import FOLDER, PIPELINE


@pytest.fixture(scope="module")
def training() -> Iterator[Any]:
    """The modules of the training, which live beside the pipeline; forgotten afterwards, as programs are."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        import train  # type: ignore[import-not-found]
        from training import evaluation, policy, radar, tape, tracker  # type: ignore[import-not-found]

        yield SimpleNamespace(
            train=train, evaluation=evaluation, policy=policy, radar=radar, tape=tape, tracker=tracker
        )
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("shield", "train", "training"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def weights() -> dict[str, Any]:
    return load_weights(FOLDER / "weights.safetensors")


def test_the_committed_weights_have_the_stated_errors(training: Any, weights: dict[str, Any]) -> None:
    figures = training.evaluation.evaluate(weights)
    assert figures.gap == pytest.approx(0.073, abs=0.005)
    assert figures.raw_range == pytest.approx(0.5 / 3.0**0.5, abs=0.01)
    assert figures.closing == pytest.approx(0.180, abs=0.01)
    assert figures.headway == pytest.approx(0.0084, abs=0.0005)
    assert figures.worst_headway < 0.08


def test_training_lowers_both_losses(training: Any) -> None:
    tape = training.tape
    frames = training.radar.record(np.random.default_rng(8), sequences=100, frames=100)
    before, after = (
        float(training.tracker.loss_of(tape.Tape(), training.tracker.train(1, count, _quiet), frames).data)
        for count in (0, 40)
    )
    assert after < 0.85 * before
    losses: list[float] = []
    training.policy.train(2, 120, lambda _, loss: losses.append(loss))
    assert losses[-1] < 0.1 * losses[0]


def _quiet(_iteration: int, _loss: float) -> None:
    """Report nothing."""


def test_training_is_a_function_of_its_seed(training: Any) -> None:
    one, two = (training.train.train(3, 2, 10) for _ in range(2))
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)
    other = training.train.train(4, 2, 10)
    assert not np.array_equal(one["policy.0.weight"], other["policy.0.weight"])


def test_training_writes_the_tensors_that_the_pipeline_reads(training: Any, weights: dict[str, Any]) -> None:
    made = training.train.train(1, 1, 1)
    assert {name: tensor.shape for name, tensor in made.items()} == {n: t.shape for n, t in weights.items()}
    assert all(tensor.dtype == np.float32 for tensor in made.values())


def test_gradients_are_those_of_finite_differences(training: Any) -> None:
    """One column of the loss of the tracker over ten frames against central differences."""
    tape = training.tape
    frames = training.radar.record(np.random.default_rng(5), sequences=3, frames=10)
    parameters = training.tracker.initial(np.random.default_rng(6))

    def loss() -> float:
        return float(training.tracker.loss_of(tape.Tape(), parameters, frames).data)

    recorded = tape.Tape()
    recorded.differentiate(training.tracker.loss_of(recorded, parameters, frames))
    for name, value in parameters.items():
        place = (0,) * value.data.ndim
        step = np.zeros_like(value.data)
        step[place] = 1e-5
        kept = value.data
        value.data = kept + step
        above = loss()
        value.data = kept - step
        below = loss()
        value.data = kept
        assert value.grad[place] == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-9), name


def test_what_is_trained_is_the_tracker_that_runs(training: Any, weights: dict[str, Any]) -> None:
    frames = training.radar.record(np.random.default_rng(11), sequences=1, frames=400)
    assert frames.new[0, 1:].any()
    assert not frames.valid.all()
    tracker = compile_program(check_file(f"{PIPELINE}:tracker").program)
    inputs = {
        "frame.valid": frames.valid[0] == 1.0,
        "frame.new": frames.new[0] == 1.0,
        "frame.range": frames.range[0].astype(np.float32),
        "frame.range_rate": frames.range_rate[0].astype(np.float32),
    }
    trace = tracker.run(inputs, 400)
    parameters = {name: training.tape.Value(tensor.astype(np.float64)) for name, tensor in weights.items()}
    gap, closing = training.tracker.follow(parameters, frames)
    assert trace.column("gap").values == pytest.approx(gap[0], abs=2e-4)
    assert trace.column("closing").values == pytest.approx(closing[0], abs=2e-4)


def test_what_is_trained_is_the_policy_that_runs(training: Any, weights: dict[str, Any]) -> None:
    speed, gap, closing = training.policy.situations(np.random.default_rng(12), 300)
    policy = compile_program(check_file(f"{PIPELINE}:policy").program)
    inputs = {
        name: values.astype(np.float32)
        for name, values in (("speed", speed), ("track.gap", gap), ("track.closing", closing))
    }
    trace = policy.run(inputs, 300)
    parameters = {name: training.tape.Value(tensor.astype(np.float64)) for name, tensor in weights.items()}
    expected = training.policy.choose(parameters, speed, gap, closing)
    assert trace.column("headway").values == pytest.approx(expected, abs=1e-5)
