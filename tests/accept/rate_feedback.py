"""A slow outer loop and a fast inner one, closed through held values."""

from syncml import Hz, Stream, clip, f32, hold, node, sample, state


@node
def pi(error: Stream[f32], kp: float, ki: float) -> Stream[f32]:
    total = state(init=0.0)
    total.next = clip(total + ki * error, -1.0, 1.0)
    return kp * error + total


@node(rate=Hz(100))
def main(wanted: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    place = state(init=0.0)
    speed = state(init=0.0)
    target = hold(pi(sample(wanted - place, to=Hz(20)), kp=0.5, ki=0.01))
    force = pi(target - speed, kp=2.0, ki=0.1)
    speed.next = speed + 0.01 * force
    place.next = place + 0.01 * speed
    return place, target
