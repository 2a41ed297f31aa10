"""Filters; the name of each clause begins with the verdict that machine semantics gives."""

from syncml import Stream, assume, clip, ensure, f32, f64, maximum, minimum, node, pre, state, vec, where


@node
def low_pass(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -1.0) & (x <= 1.0), "input in range")
    y = state(init=0.0)
    y.next = 0.9 * y + 0.1 * x
    ensure(abs(y) <= 1.001, "proved: bounded")
    return y


@node
def low_pass_64(x: Stream[f64]) -> Stream[f64]:
    assume((x >= -1.0) & (x <= 1.0), "input in range")
    y = state(init=0.0, type=f64)
    y.next = 0.95 * y + 0.05 * x
    ensure(abs(y) <= 1.000001, "proved: bounded")
    return y


@node
def high_pass(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -2.0) & (x <= 2.0), "input in range")
    low = state(init=0.0)
    low.next = 0.75 * low + 0.25 * x
    y = x - low
    ensure(abs(y) <= 4.01, "proved: bounded")
    return y


@node
def moving_average(x: Stream[f32]) -> Stream[f32]:
    assume((x >= 0.0) & (x <= 10.0), "input in range")
    a, b, c = pre(x, init=0.0), pre(pre(x, init=0.0), init=0.0), pre(pre(pre(x, init=0.0), init=0.0), init=0.0)
    y = (x + a + b + c) * 0.25
    ensure((y >= 0.0) & (y <= 10.0), "proved: between the least and the greatest")
    return y


@node
def fir(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -1.0) & (x <= 1.0), "input in range")
    a = pre(x, init=0.0)
    b = pre(a, init=0.0)
    y = vec(0.3, 0.4, 0.3) @ vec(x, a, b)
    ensure(abs(y) <= 1.0001, "proved: bounded by the sum of the taps")
    return y


@node
def two_stages(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -1.0) & (x <= 1.0), "input in range")
    first, second = state(init=0.0), state(init=0.0)
    first.next = 0.8 * first + 0.2 * x
    second.next = 0.7 * second + 0.3 * first
    ensure(abs(second) <= 1.01, "proved: bounded")
    return second


@node
def slew(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -50.0) & (x <= 50.0), "input in range")
    y = state(init=0.0)
    step = clip(x - y, -0.5, 0.5)
    y.next = y + step
    ensure(abs(y) <= 50.01, "proved: bounded")
    ensure(abs(y - pre(y, init=0.0)) <= 0.50001, "proved: the rate with a tolerance")
    return y


@node
def deadband(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -10.0) & (x <= 10.0), "input in range")
    y = where(abs(x) < 0.5, 0.0, where(x > 0.0, x - 0.5, x + 0.5))
    ensure(abs(y) <= 9.5, "proved: smaller than the input")
    ensure((x < 0.0) | (y >= 0.0), "proved: keeps the sign")
    return y


@node
def median(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -10.0) & (x <= 10.0), "input in range")
    a, b = pre(x, init=0.0), pre(pre(x, init=0.0), init=0.0)
    y = maximum(minimum(x, a), minimum(maximum(x, a), b))
    ensure((y == x) | (y == a) | (y == b), "proved: one of the inputs, exactly")
    return y


@node
def peak_hold(x: Stream[f32]) -> Stream[f32]:
    assume((x >= 0.0) & (x <= 100.0), "input in range")
    peak = state(init=0.0)
    now = maximum(0.99 * peak, x)
    peak.next = now
    ensure((now >= x) & (now <= 100.0), "proved: above the input")
    return now
