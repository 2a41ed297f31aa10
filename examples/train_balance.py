"""A controller that learns to balance a pole while it runs, and that is exported with its learning.

syncml check  examples/train_balance.py:learner
syncml export examples/train_balance.py:learner -o build/balance && make -C build/balance check
syncml sim    examples/train_balance.py --steps 100000 --engine numba --out balance.csv

An actor and a critic that are linear in features of the state learn by TD(lambda) with eligibility traces, at each
tick, without looking ahead. In C that is a struct of some hundred numbers and a bounded number of operations a tick.
"""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from typing import Any
from typing import Literal as L

from syncml import Hz, Stream, Vec, clip, constant, ensure, f32, i32, node, state, u64, vec, where, wire
from syncml.learn.rl.traces import ActorCritic
from syncml.nodes.classic import cart_pole
from syncml.nodes.random import random_bits

LEARNER = ActorCritic(2, gamma=0.98, critic_decay=0.8, actor_decay=0.8, critic_rate=0.03, actor_rate=0.1)
SCALE = constant([1.0 / 2.4, 1.0 / 3.0, 1.0 / 0.21, 1.0 / 3.0])


@node(rate=Hz(50))
def learner(
    seen: Stream[Vec[L[4]]], reward: Stream[f32], terminated: Stream[bool], fresh: Stream[bool], seed: Stream[u64]
) -> Stream[i32]:
    """The push: 0 to the left, 1 to the right.

    Args:
        seen: Position (m), speed (m/s), angle (rad) and angular speed (rad/s).
        reward: Of the tick before.
        terminated: Whether the pole had fallen after the tick before.
        fresh: Whether a new attempt begins.
        seed: Of the choices.
    """
    tick = state(init=0, type=u64)
    tick.next = tick + 1
    scaled: Any = clip(seen * SCALE, -1.0, 1.0)
    position, speed, angle, turn = (scaled[i] for i in range(4))
    features = vec(
        scaled, scaled * scaled, position * speed, position * angle, angle * turn, speed * turn, 1.0 + 0.0 * angle
    )
    action: Stream[i32] = LEARNER(features, reward, terminated, fresh, random_bits(seed, tick)).action
    ensure((action >= 0) & (action <= 1), "a push to the left or to the right")
    return action


@node(rate=Hz(50))
def balance() -> tuple[Stream[f32], Stream[bool]]:
    """The learner at a pole: the length of the attempt so far, and whether it ends at this tick."""
    action: Any = wire(Vec[L[1], i32])
    world = cart_pole(action, 3, 1)
    ended: Any = state(init=True)
    fallen: Any = state(init=False)
    ended.next, fallen.next = world.ended[0], world.terminated[0]
    push = learner(world.observation[0], where(ended & fallen, 0.0, 0.02), fallen, ended, constant(1, u64))
    action.define(push.reshape(1))
    return world.total[0], world.ended[0]


main = balance
