"""Units that do not match, for each kind of operation."""

from typing import Annotated
from typing import Literal as L

from syncml import Stream, Unit, Vec, exp, f32, fby, in_unit, merge, minimum, node, sqrt, state, when, where

Metres = Annotated[f32, Unit("m")]
Speed = Annotated[f32, Unit("m/s")]
KilometresPerHour = Annotated[f32, Unit("km/h")]
Newton = Annotated[f32, Unit("N")]


@node
def passed(x: Stream[f32], y: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return fby(0.0, x), where(x > y, x, y)


@node
def braked(speed: Stream[Speed]) -> Stream[Speed]:
    return speed - 1.0


@node
def main(
    gap: Stream[Metres],
    speed: Stream[Speed],
    shown: Stream[KilometresPerHour],
    force: Stream[Newton],
    far: Stream[bool],
    places: Stream[Vec[L[2], Metres]],
) -> Stream[Metres]:
    a = gap + speed  # error: [T009]
    b = speed < shown  # error: [T009]
    c = where(far, gap, speed)  # error: [T009]
    d = merge(far, when(gap, far), when(speed, ~far))  # error: [T009]
    e = minimum(gap, force)  # error: [T009]
    f = gap * gap + gap  # error: [T009]
    g = sqrt(gap) - gap  # error: [T009]
    h = exp(gap)  # error: [T009]
    i = braked(shown)  # error: [T009]
    j, _ = passed(gap, speed)  # error: [T009]
    k = places.sum() - speed  # error: [T009]
    last = state(init=0.0)
    last.next = last + gap
    m = fby(0.0, last) == speed  # error: [T009]
    o = in_unit(speed + 0.0, "m", of="km")  # error: [T009]
    p = gap / speed - force  # error: [T009]
    q = places[1] * 1.0 + places[0] - speed  # error: [T009]
    return speed  # error: [T009]
