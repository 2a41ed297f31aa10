"""Parameters that are never learned are told, and no others are."""

from __future__ import annotations

from typing import Any

import pytest

from syncml import Stream, f32, node, segment, when
from syncml.lang.load import program_of
from syncml.learn import SGD, Adam, Optimiser, RMSProp, descend, exponential, parameter, value_and_grad
from syncml.pipeline import check
from syncml.training.unlearned import without_learning


@node
def model(w: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    error = w * x - 1.0
    return error * error


@node
def fit(optimiser: Optimiser, scale: float, x: Stream[f32]) -> Stream[f32]:
    with segment(every=4) as batch:
        w = parameter(batch, init=0.1)
        loss, d_w = value_and_grad(model, wrt="w")(w, x)
        descend(batch, optimiser, (w, scale * d_w), limit=1.0)
    return loss


@node
def by_hand(what: Any, x: Stream[f32]) -> Stream[f32]:
    with segment(every=4) as batch:
        w = parameter(batch, init=0.1)
        w.next = what(when(w, batch.last), when(x, batch.last))
    return w * x


@node
def agent(rate: float, x: Stream[f32]) -> Stream[f32]:
    return fit(SGD(rate), 1.0, x)


@node
def both(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return agent(0.0, x), agent(0.1, x)


def names(of: Any, **statics: object) -> list[str]:
    found = without_learning(check(program_of(of, **statics)).program)
    assert all(diagnostic.code == "G012" for diagnostic in found)
    return [diagnostic.message.split("`")[1] for diagnostic in found]


OPTIMISERS = [SGD(0.1), SGD(0.1, momentum=0.9), RMSProp(0.1), Adam(0.1), SGD(exponential(0.1, 0.9))]


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_gradient_that_is_nothing_is_told(optimiser: Optimiser) -> None:
    assert names(fit, optimiser=optimiser, scale=0.0) == ["w"]
    assert names(fit, optimiser=optimiser, scale=1.0) == []


def test_a_rate_of_nothing_is_told() -> None:
    assert names(fit, optimiser=SGD(0.0), scale=1.0) == ["w"]
    assert names(fit, optimiser=Adam(0.0), scale=1.0) == ["w"]
    # Decay moves what the gradient does not reach.
    assert names(fit, optimiser=SGD(0.1, weight_decay=0.1), scale=0.0) == []


def test_updates_by_hand() -> None:
    assert names(by_hand, what=lambda w, _: w) == ["w"]
    assert names(by_hand, what=lambda w, x: w + 0.0 * x) == ["w"]
    assert names(by_hand, what=lambda w, x: w + x) == []
    assert names(by_hand, what=lambda w, _: w * 0.5) == []
    assert names(by_hand, what=lambda _, x: 0.0 * x) == []


def test_of_several_instances_the_one_is_named() -> None:
    assert names(both) == ["agent.fit.w"]
