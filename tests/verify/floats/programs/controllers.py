"""Controllers; the name of each clause begins with the verdict that machine semantics gives."""

from syncml import Stream, assume, clip, ensure, f32, first, i32, node, pre, state, where


@node
def proportional(x: Stream[f32], target: Stream[f32]) -> Stream[f32]:
    assume((abs(x) <= 100.0) & (abs(target) <= 100.0), "in range")
    u = clip(0.8 * (target - x), -5.0, 5.0)
    ensure((u >= -5.0) & (u <= 5.0), "proved: actuator limits")
    return u


@node
def unbounded_proportional(x: Stream[f32], target: Stream[f32]) -> Stream[f32]:
    u = clip(0.8 * (target - x), -5.0, 5.0)
    ensure((u >= -5.0) & (u <= 5.0), "proved: actuator limits, whatever the input")
    return u


@node
def pi(err: Stream[f32]) -> Stream[f32]:
    assume(abs(err) <= 10.0, "error in range")
    integral = state(init=0.0)
    total = clip(integral + 0.01 * err, -2.0, 2.0)
    integral.next = total
    u = 0.5 * err + total
    ensure(abs(u) <= 7.0, "proved: bounded")
    return u


@node
def closed_loop(target: Stream[f32]) -> Stream[f32]:
    assume((target >= 0.0) & (target <= 10.0), "target in range")
    x = state(init=0.0)
    x.next = x + 0.1 * (target - x)
    ensure((x >= -0.001) & (x <= 10.001), "proved: no overshoot")
    return x


@node
def thermostat(outside: Stream[f32]) -> Stream[f32]:
    assume((outside >= -10.0) & (outside <= 10.0), "outside in range")
    temperature, on = state(init=20.0), state(init=False)
    heat = where(temperature < 19.0, True, where(temperature > 21.0, False, on))
    on.next = heat
    temperature.next = temperature + 0.01 * (outside - temperature) + where(heat, 0.5, 0.0)
    ensure((temperature >= -11.0) & (temperature <= 60.1), "proved: stays in range")
    return temperature


@node
def ramp(go: Stream[bool]) -> Stream[f32]:
    u = state(init=0.0)
    u.next = where(go, clip(u + 0.1, 0.0, 1.0), clip(u - 0.1, 0.0, 1.0))
    ensure((u >= 0.0) & (u <= 1.0), "proved: in range")
    return u


@node
def two_masses(force: Stream[f32]) -> Stream[f32]:
    assume(abs(force) <= 1.0, "force in range")
    speed = state(init=0.0)
    speed.next = 0.98 * speed + 0.01 * force
    ensure(abs(speed) <= 0.501, "proved: friction bounds the speed")
    return speed


@node
def gain_schedule(v: Stream[f32], err: Stream[f32]) -> Stream[f32]:
    assume((v >= 0.0) & (v <= 40.0) & (abs(err) <= 1.0), "in range")
    gain = where(v < 10.0, 0.9, where(v < 25.0, 0.6, 0.3))
    u = gain * err
    ensure(abs(u) <= 0.9, "proved: the largest gain")
    return u


@node
def anti_windup(err: Stream[f32]) -> Stream[f32]:
    assume(abs(err) <= 5.0, "error in range")
    integral = state(init=0.0)
    u = 0.4 * err + integral
    inside = abs(u) < 1.0
    integral.next = where(inside, integral + 0.05 * err, integral)
    ensure(abs(integral) <= 3.6, "proved: the integral stays small")
    return u


@node
def divide_by_gap(speed: Stream[f32], gap: Stream[f32]) -> Stream[f32]:
    assume((speed >= 0.0) & (speed <= 50.0) & (gap >= 0.5) & (gap <= 300.0), "in range")
    rate = speed / gap
    ensure((rate >= 0.0) & (rate <= 100.0), "proved: bounded")
    return rate


@node
def rate_of_change(x: Stream[f32]) -> Stream[f32]:
    assume(abs(x) <= 1.0, "in range")
    d = where(first(), 0.0, (x - pre(x, init=0.0)) / 0.01)
    ensure(abs(d) <= 200.1, "proved: bounded")
    return d


@node
def mode_counter(go: Stream[bool]) -> Stream[f32]:
    n = state(init=0)
    n.next = where(go & (n < 100), n + 1, n)
    ensure((n >= 0) & (n <= 100), "proved: the counter in range")
    return 0.5 * float_of(n)


def float_of(n: Stream[i32]) -> Stream[f32]:
    from syncml import cast

    return cast(n, to=f32)


@node
def mean(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -6.0) & (x <= 2.0), "input in range")
    y = state(init=0.0)
    y.next = y + 0.0625 * (x - y)
    ensure((y >= -6.0) & (y <= 2.0), "proved: a mean stays between its parts, to the last bit")
    return y


@node
def order(x: Stream[f32], more: Stream[f32]) -> Stream[f32]:
    assume((x >= 0.0) & (x <= 50.0) & (more >= 0.0) & (more <= 1.0), "inputs in range")
    a, b = state(init=0.0), state(init=0.0)
    a.next = clip(a + 0.01 * x, 0.0, 50.0)
    b.next = clip(b + 0.01 * (x + more), 0.0, 50.0)
    ensure(a <= b, "proved: rounding keeps the order")
    ensure(a * a <= b * b, "proved: of squares, too")
    return b - a
