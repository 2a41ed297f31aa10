"""What certificates believe of networks is shown again, and what is false is not."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import numpy as np
import pytest

from syncml import Hz, Stream, assume, ensure, f32, node, state, tanh, vec
from syncml.ir.operators import Op
from syncml.ir.types import F32, F64, Scalar
from syncml.lang.load import program_of
from syncml.nodes.neural import MLP, Dense
from syncml.pipeline import check
from syncml.sim.interpreter import replay
from syncml.verify import Proved, Semantics, VerifyOptions, verify
from syncml.verify.certificate import certificates
from syncml.verify.lemmas import PREFIX, check_lemmas
from syncml.verify.networks.enclosure import Box, Claim, checked
from syncml.verify.networks.layers import Activation, Affine, Network
from syncml.verify.recheck import Outcome, recheck

LAYERS = MLP((
    Dense(np.array([[1.5, 0.4], [-0.9, -1.1], [0.6, 1.3]]), np.zeros(3), tanh),
    Dense(np.array([[-1.2, 1.0, -0.9]]), np.zeros(1)),
))  # fmt: skip


@node(rate=Hz(10))
def kept(x0: Stream[f32], push: Stream[f32]) -> Stream[f32]:
    assume((x0 >= -0.4) & (x0 <= 0.4), "initial")
    assume(abs(push) <= 0.1, "push")
    x = state(init=x0)
    x.next = x + 0.1 * (0.3 * x + LAYERS(vec(x, 0.5 * x))[0] + push)
    ensure((x >= -0.5) & (x <= 0.5), "kept")
    return x


@pytest.fixture(scope="module")
def text() -> str:
    report = verify(
        check(program_of(kept)).program, VerifyOptions(timeout=40, jobs=1, semantics=Semantics.REALS), replay
    )  # type: ignore[arg-type]
    (result,) = (r for r in report.results if r.name == "kept")
    assert isinstance(result.verdict, Proved)
    assert "cells" in result.verdict.method
    (derivation,) = report.derivations
    (certificate,) = certificates(derivation, "kept.py", derivation.reported)
    return certificate.text


def test_a_proof_over_cells_is_checked_by_a_solver_and_its_cells_by_intervals(text: str) -> None:
    assert recheck(text, "z3", 20).outcome is Outcome.ACCEPTED
    outcome = check_lemmas(text, 20)
    assert outcome is not None
    assert outcome.shown == outcome.stated == 8
    assert not outcome.detail


def test_a_certificate_about_another_network_is_refuted(text: str) -> None:
    (line,) = (line for line in text.splitlines() if line.startswith(PREFIX))
    data = json.loads(line.removeprefix(PREFIX))
    data["layers"][-1]["bias"] = [(2.0).hex()]
    outcome = check_lemmas(text.replace(line, PREFIX + json.dumps(data)), 20)
    assert outcome is not None
    assert outcome.false


def test_a_table_that_says_more_than_the_network_keeps_is_not_shown(text: str) -> None:
    # The least output on some cell, wherever it is said.
    found = re.search(r"\(<= (\S+|\(.*\)) \|\$x_next_item@0\|\)", text)
    assert found is not None
    outcome = check_lemmas(text.replace(f"(<= {found[1]} |", "(<= (/ 5.0 1.0) |"), 20)
    assert outcome is not None
    assert outcome.false


def test_what_has_another_shape_is_no_statement_about_a_network(text: str) -> None:
    outcome = check_lemmas(
        text.replace("(define-fun |assumption!2@0| () Bool ", "(define-fun |assumption!2@0| () Bool (not "), 20
    )
    assert outcome is not None
    assert outcome.shown < outcome.stated
    assert "no statement" in outcome.detail


def test_a_certificate_without_networks_has_nothing_to_show() -> None:
    assert check_lemmas("(set-logic ALL)\n(check-sat)\n", 1) is None


def network(activations: tuple[Op, ...], scalar: Scalar, random: np.random.Generator) -> Network:
    kind = np.float32 if scalar is F32 else np.float64
    layers: list[Any] = []
    width = 2
    for op in activations:
        weight = random.normal(scale=0.8, size=(6, width)).astype(kind).astype(np.float64)
        layers += [Affine(weight, random.normal(scale=0.4, size=6).astype(kind).astype(np.float64)), Activation(op)]
        width = 6
    layers.append(Affine(random.normal(size=(1, width)).astype(kind).astype(np.float64), np.zeros(1)))
    return Network(tuple(layers), scalar, 2)


@pytest.mark.parametrize("scalar", [F32, F64])
@pytest.mark.parametrize("ops", [(Op.TANH, Op.TANH), (Op.MAX, Op.MAX), (Op.SIGMOID, Op.MAX), (Op.MAX,)])
def test_claims_hold_with_room_and_fail_without(ops: tuple[Op, ...], scalar: Scalar) -> None:
    random = np.random.default_rng(7)
    for _ in range(4):
        net = network(ops, scalar, random)
        low = random.uniform(-2.0, 1.0, 2)
        high = low + random.uniform(0.05, 1.0, 2)
        values = net(random.uniform(low, high, (20_000, 2)))
        least, most = values.min(axis=0), values.max(axis=0)
        room = 0.05 * (most - least) + 1e-4
        assert checked(net, Box(low, high, least - room, most + room), time.monotonic() + 20) is Claim.HOLDS
        # A sampled run is outside of each of these claims.
        for box in (Box(low, high, least + 1e-4, most + 1.0), Box(low, high, least - 1.0, most - 1e-4)):
            assert checked(net, box, time.monotonic() + 0.5) is not Claim.HOLDS


def test_numbers_that_overflow_are_not_bounded() -> None:
    net = Network(
        (Affine(np.full((2, 1), 1e38), np.zeros(2)), Activation(Op.MAX), Affine(np.full((1, 2), 10.0), np.zeros(1))),
        F32,
        1,
    )
    claim = Box(np.array([0.0]), np.array([1.0]), np.array([-np.inf]), np.array([1e40]))
    assert checked(net, claim, time.monotonic() + 1) is Claim.OPEN
