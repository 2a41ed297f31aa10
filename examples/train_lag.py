"""Find out how a brake responds: a program that learns, with data of its own.

syncml check examples/train_lag.py
syncml train examples/train_lag.py --steps 40000 --checkpoint build/lag

A first-order lag stands for the brake. Each 20 ticks its two numbers go a step against the gradient of the squared
error, by Adam; after 2,000 steps they are the ones of the brake, 0.9 and 0.08.
"""

from syncml import Stream, cast, f32, node, segment, state, u64
from syncml.learn import Adam, descend, parameter, value_and_grad
from syncml.learn.losses import squared_error
from syncml.nodes.random import random_bits, uniform


@node
def brake(pedal: Stream[f32]) -> Stream[f32]:
    force = state(init=0.0)
    force.next = 0.9 * force + 0.08 * pedal
    return force.next


@node
def model(
    decay: Stream[f32], gain: Stream[f32], pedal: Stream[f32], measured: Stream[f32]
) -> tuple[Stream[f32], Stream[f32]]:
    force = state(init=0.0)
    force.next = decay * force + gain * pedal
    return squared_error(force.next, measured), force.next


@node
def identify() -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    tick = state(init=0, type=u64)
    tick.next = tick + 1
    pedal = cast(uniform(random_bits(tick, 1)), f32)
    with segment(every=20) as batch:
        measured = brake(pedal)
        decay, gain = parameter(batch, init=0.5), parameter(batch, init=0.5)
        (loss, _), (d_decay, d_gain) = value_and_grad(model, wrt=("decay", "gain"))(decay, gain, pedal, measured)
        descend(batch, Adam(0.01), (decay, d_decay), (gain, d_gain), average=True)
    return loss, decay, gain
