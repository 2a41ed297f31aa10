"""Blocks that start again, one inside of the other, with states, delays, words and instances."""

from syncml import Stream, arrow, every, f32, hold, i32, node, pre, reset_every, state, when, where


@node
def integrate(x: Stream[f32]) -> Stream[f32]:
    total = state(init=1.0)
    total.next = total + x
    return total


@node
def main(x: Stream[f32], start: Stream[bool], lap: Stream[bool], go: Stream[bool]) -> tuple[Stream[f32], Stream[i32]]:
    with reset_every(start):
        distance = integrate(x)
        laps = state(init=0)
        laps.next = where(lap, laps + 1, laps)
        with reset_every(lap):
            best = arrow(x, x - pre(x))
            third = where(every(3, phase=1), best, distance)
        moving = integrate(when(third, go))
    ticks = state(init=0)
    ticks.next = ticks + 1
    return hold(moving, init=0.0) + distance, laps + ticks
