"""Model-predictive control against SciPy's solver of the same quadratic program."""

from __future__ import annotations

from typing import Literal as L

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from syncml import Stream, Vec, f64, node
from syncml.nodes.control import lqr, sampled
from syncml.nodes.mpc import Mpc
from tests.nodes.running import assert_engines_agree, out, verdicts

A, B = sampled(np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[0.0], [1.0]]), 0.2)
Q, R = np.diag([1.0, 0.3]), np.array([[0.4]])
CONTROL = Mpc(A, B, Q, R, 8, -3.5, 2.0, 40)
SHORT = Mpc(A, B, Q, R, 3, -3.5, 2.0, 4)
X = np.random.default_rng(5).uniform([-6, -4], [6, 4], (24, 2))


@node
def control(x: Stream[Vec[L[2], f64]]) -> Stream[Vec[L[1], f64]]:
    return CONTROL(x)


@node
def short(x: Stream[Vec[L[2], f64]]) -> Stream[Vec[L[1], f64]]:
    return SHORT(x)


def test_the_command_is_that_of_the_exact_solution() -> None:
    root = np.linalg.cholesky(CONTROL.hessian).T
    expected = []
    for x in X:
        found = lsq_linear(root, -np.linalg.solve(root.T, CONTROL.linear @ x), (-3.5, 2.0), method="bvls", tol=1e-14)
        expected.append(found.x[:1])
    assert 3 < sum(abs(c[0] + 0.75) > 2.74 for c in expected) < 22
    assert out(control, x=X) == pytest.approx(np.array(expected), abs=1e-6)


def test_without_active_bounds_it_is_the_linear_regulator() -> None:
    near = X * 0.05
    assert out(control, x=near) == pytest.approx(-near @ lqr(A, B, Q, R).T, abs=1e-9)


def test_every_engine_plans_alike_and_the_bounds_are_proved() -> None:
    assert_engines_agree(short, x=X)
    found = verdicts(short)
    assert any("within the bounds" in name for name in found)
    assert all(found.values()), found
