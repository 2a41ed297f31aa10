"""Units through every kind of operation; a program that has some of them declared."""

from typing import Annotated
from typing import Literal as L

from syncml import (
    Hz,
    Stream,
    Unit,
    Vec,
    atan2,
    cast,
    clip,
    ensure,
    f32,
    f64,
    fby,
    hold,
    i32,
    in_unit,
    maximum,
    merge,
    node,
    pre,
    sample,
    sin,
    sqrt,
    state,
    tanh,
    vec,
    when,
    where,
    wire,
)  # fmt: skip

Metres = Annotated[f32, Unit("m")]
Speed = Annotated[f32, Unit("m/s")]
Acceleration = Annotated[f32, Unit("m/s²")]
Force = Annotated[f32, Unit("N")]
Kilograms = Annotated[f32, Unit("kg")]
Seconds = Annotated[f32, Unit("s")]


@node
def smoothed(x: Stream[f32]) -> Stream[f32]:
    last = state(init=0.0)
    last.next = last + 0.1 * (x - last)
    return last


@node
def stopping(speed: Stream[Speed], braking: Stream[Acceleration]) -> Stream[Metres]:
    return speed**2 / (2.0 * braking)


@node(rate=Hz(100))
def main(
    gap: Stream[Metres],
    speed: Stream[Speed],
    shown: Stream[Annotated[f32, Unit("km/h")]],
    mass: Stream[Kilograms],
    force: Stream[Force],
    time: Stream[Seconds],
    v: Stream[Vec[L[3], Metres]],
    steps: Stream[i32],
) -> tuple[Stream[Metres], Stream[Speed], Stream[Annotated[f32, Unit("1/s")]], Stream[Annotated[f64, Unit("kN")]]]:
    acceleration = force / mass
    faster = speed + acceleration * time
    mean = smoothed(gap) + stopping(in_unit(shown, "m/s"), acceleration)
    longest = maximum(v.max(), v[0]) + v.sum() - mean
    slow = hold(sample(speed, to=Hz(10)), init=0.0)
    near = gap < 5.0
    chosen = where(gap > mean, speed, merge(near, when(slow, near), when(faster, ~near)))
    back = wire(Speed)
    change = chosen - pre(back, init=0.0)
    back.define(fby(0.0, change))
    root = sqrt(2.0 * acceleration * gap) - speed
    angle = sin(atan2(gap, mean)) + tanh(root / 3.0) * 0.5
    features = vec(gap, speed, angle)
    length = sqrt(features @ features) + cast(steps, f32)
    total = where(length > 1.0, in_unit(2.0 * gap, "m"), clip(mean, 0.0, longest))
    ensure(total / speed >= -1e30 * time, "no check of it")
    return total, back, (root + change) / gap, in_unit(cast(force, f64), "kN", of="N")
