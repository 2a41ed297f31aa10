"""Model-predictive control with bounds on the commands, by a fixed number of projected gradient steps.

Rule: the states are eliminated while the node is built, so that what is solved at each tick is
``min 1/2 u' H u + (F x)' u`` with ``low <= u <= high`` over the commands of the horizon; its matrices are constants.
The iteration is Nesterov's with constant momentum for strongly convex functions, and starts from the clipped solution
without bounds. Every iterate keeps the bounds, so that the first command does, however many iterations there are.
(Nesterov: Introductory lectures on convex optimization, 2004, 2.2; Richter, Jones, Morari: Real-time input-constrained
MPC using fast gradient methods, 2009.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.lang.contracts import ensure
from syncml.lang.functions import clip, constant
from syncml.lang.node import node
from syncml.lang.stream import Stream
from syncml.lang.types import Vec
from syncml.nodes.control import riccati

Matrix: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Mpc:
    """The first command of the best plan for ``x+ = a x + b u``; a call makes an instance, without memory.

    The cost is the sum of ``x' q x + u' r u`` over the horizon, and after it that of the best feedback without bounds.

    Attributes:
        a: (states, states), from tick to tick.
        b: (states, commands).
        q: (states, states), positive semidefinite.
        r: (commands, commands), positive definite.
        horizon: In ticks.
        low: The least command, each.
        high: The greatest command, each.
        iterations: How many gradient steps there are at each tick.

    Raises:
        ValueError: (a, b) cannot be stabilised.
    """

    a: Matrix
    b: Matrix
    q: Matrix
    r: Matrix
    horizon: int
    low: float
    high: float
    iterations: int = 20
    hessian: Matrix = field(init=False)
    linear: Matrix = field(init=False)

    def __post_init__(self) -> None:
        states, commands = self.b.shape
        free = np.zeros((self.horizon, states, states))
        forced = np.zeros((self.horizon, states, self.horizon * commands))
        reach, moved = np.eye(states), np.zeros((states, self.horizon * commands))
        for k in range(self.horizon):
            reach, moved = self.a @ reach, self.a @ moved
            moved[:, k * commands : (k + 1) * commands] += self.b
            free[k], forced[k] = reach, moved
        weights = [self.q] * (self.horizon - 1) + [riccati(self.a, self.b, self.q, self.r)]
        hessian = np.kron(np.eye(self.horizon), self.r)
        linear = np.zeros((self.horizon * commands, states))
        for way, push, weight in zip(free, forced, weights, strict=True):
            hessian = hessian + push.T @ weight @ push
            linear = linear + push.T @ weight @ way
        object.__setattr__(self, "hessian", 0.5 * (hessian + hessian.T))
        object.__setattr__(self, "linear", linear)

    @node
    def mpc(self, x: Stream[Vec[Any, Any]]) -> Stream[Vec[Any, Any]]:
        """The first command.

        Contract: each is from ``low`` to ``high``.
        """
        curvature = np.linalg.eigvalsh(self.hessian)
        least, most = np.sqrt(curvature[0]), np.sqrt(curvature[-1])
        momentum, step = float((most - least) / (most + least)), float(1.0 / curvature[-1])
        slope: Any = constant(step * self.linear, name="linear") @ x
        keep: Any = constant(np.eye(len(self.hessian)) - step * self.hessian, name="keep")
        plan: Any = clip(constant(-np.linalg.solve(self.hessian, self.linear), name="free") @ x, self.low, self.high)
        ahead = plan
        for _ in range(self.iterations):
            after: Any = clip(keep @ ahead - slope, self.low, self.high)
            ahead = after + momentum * (after - plan)
            plan = after
        command = plan[: self.b.shape[1]]
        ensure(((command >= self.low) & (command <= self.high)).all(), "command within the bounds")
        return command

    def __call__(self, x: Any) -> Any:
        """An instance of the controller."""
        return self.mpc(x)
