"""What holds for real numbers and not for floats: a clause that begins with ``violated`` is proved over the reals."""

from syncml import Stream, assume, cast, clip, ensure, f32, f64, i32, invariant, node, pre, state, where


@node
def tenths(go: Stream[bool]) -> Stream[f32]:
    """Accumulated drift: ten tenths are not one."""
    n, t = state(init=0), state(init=0.0)
    up = go & (n < 1000)
    n.next = where(up, n + 1, n)
    t.next = where(up, t + 0.1, t)
    invariant((n >= 0) & (n <= 1000), "proved: the counter in range")
    ensure(t == 0.1 * cast(n, to=f32), "violated: a tenth for each count")
    return t


@node
def drift_64(go: Stream[bool]) -> Stream[f64]:
    """The same in double precision, seen as a bound that is exceeded by the last bit."""
    n, t = state(init=0), state(init=0.0, type=f64)
    up = go & (n < 100)
    n.next = where(up, n + 1, n)
    t.next = where(up, t + 0.1, t)
    invariant((n >= 0) & (n <= 100), "proved: the counter in range")
    ensure((10.0 * t - cast(n, to=f64) <= 0.0) & (10.0 * t - cast(n, to=f64) >= 0.0), "violated: ten times is whole")
    return t


@node
def long_drift(go: Stream[bool]) -> Stream[f32]:
    """Thousands of ticks: a hundredth of a second at a time, the clock goes wrong by more than a thousandth."""
    n, t = state(init=0), state(init=0.0)
    up = n < 20000
    n.next = where(up, n + 1, n)
    t.next = where(up, t + 0.01, t)
    invariant((n >= 0) & (n <= 20000), "proved: the counter in range")
    ensure(abs(t - 0.01 * cast(n, to=f32)) <= 0.001, "violated: the clock is right to a tenth of a tick")
    return t


@node
def boundary(x: Stream[f64]) -> Stream[bool]:
    """A comparison at a boundary: three times a tenth is not three tenths."""
    assume((x >= 0.0) & (x <= 0.1), "at most a tenth")
    inside = x * 3.0 <= 0.3
    ensure(inside, "violated: at most three tenths")
    return inside


@node
def cancellation(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    """What is added and taken away again is not there any more."""
    assume((abs(x) <= 100000.0) & (abs(y) <= 1.0), "in range")
    back = (x + y) - x
    ensure(abs(back - y) <= 0.001, "violated: what was added comes back")
    return back


@node
def absorption(x: Stream[f32]) -> Stream[f32]:
    assume((x >= 0.0) & (x <= 1.0e9), "in range")
    y = x + 1.0
    ensure(y > x, "violated: one more is more")
    return y


@node
def not_associative(a: Stream[f32], b: Stream[f32], c: Stream[f32]) -> Stream[f32]:
    assume((abs(a) <= 10.0) & (abs(b) <= 10.0) & (abs(c) <= 10.0), "in range")
    left, right = (a + b) + c, a + (b + c)
    ensure(left == right, "violated: the order does not matter")
    return left


@node
def division(x: Stream[f32]) -> Stream[f32]:
    """A quotient is rounded, and so is the product with it."""
    assume((x >= 1.0) & (x <= 100.0), "in range")
    third = x / 3.0
    ensure(third * 3.0 == x, "violated: three thirds are one")
    return third


@node
def reciprocal(x: Stream[f64]) -> Stream[f64]:
    assume((x >= 1.0) & (x <= 100.0), "in range")
    one = x * (1.0 / x)
    ensure(one >= 1.0, "violated: a number times its reciprocal")
    return one


@node
def conversion(n: Stream[i32]) -> Stream[f32]:
    """A large integer has no float of its own."""
    assume((n >= 0) & (n <= 1000000000), "in range")
    x, y = cast(n, to=f32), cast(n + 1, to=f32)
    ensure(y > x, "violated: different integers are different floats")
    return x


@node
def narrow(x: Stream[f64]) -> Stream[f32]:
    assume((x >= 0.0) & (x <= 1.0), "in range")
    y = cast(x, to=f32)
    ensure(cast(y, to=f64) <= x, "violated: conversion rounds down")
    return y


@node
def truncation(x: Stream[f32]) -> Stream[i32]:
    """Truncation itself is exact."""
    assume((x >= 0.0) & (x <= 2.0), "in range")
    n = cast(100.0 * x, to=i32)
    ensure(cast(n, to=f32) <= 100.0 * x, "proved: truncation goes down")
    return n


@node
def saturated_drift(x: Stream[f32]) -> Stream[f32]:
    """A rate limit that holds for real numbers is passed by the last bit."""
    assume(abs(x) <= 100.0, "in range")
    y = state(init=0.0)
    y.next = y + clip(x - y, -0.1, 0.1)
    ensure(abs(y - pre(y, init=0.0)) <= 0.1, "violated: the rate, exactly")
    return y


@node
def average(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    """The mean of two numbers lies between them, but not by this formula."""
    assume((x >= 1.0) & (x <= y) & (y <= 2.0), "in order")
    mean = 0.3 * x + 0.7 * y
    ensure((mean >= x) & (mean <= y), "violated: a mean in between")
    return mean


@node
def infinite(x: Stream[f32]) -> Stream[f32]:
    """A square overflows; a real number does not."""
    ensure(x * x >= 0.0, "proved: squares are not negative")
    return x * x
