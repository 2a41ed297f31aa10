"""The program that the tests of the command line use: two rates, two nodes, contracts, a parameter."""

from syncml import Hz, Stream, assume, clip, ensure, f32, hold, node, sample, state


@node(rate=Hz(20))
def limiter(x: Stream[f32], bound: float = 1.0) -> Stream[f32]:
    y = clip(x, -bound, bound)
    ensure((y >= -bound) & (y <= bound), "limited")
    return y


@node(rate=Hz(20))
def control(v: Stream[f32], gain: float = 0.5) -> Stream[f32]:
    assume((v >= -10.0) & (v <= 10.0), "sensor range")
    slow = hold(sample(v, to=Hz(10)), init=0.0)
    total = state(init=0.0)
    cmd = limiter(gain * slow + total)
    total.next = clip(total + 0.01 * slow, -5.0, 5.0)
    ensure(cmd < 0.9, "small")
    return cmd
