"""Small cones that only the theory of floats decides; the name of each clause begins with its verdict."""

from syncml import Stream, assume, ensure, f32, f64, node, state, where


@node
def gradual(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    ensure((x - y == 0.0) == (x == y), "proved: a difference is zero for equals only, thanks to subnormal numbers")
    return x


@node
def doubled(x: Stream[f32]) -> Stream[f32]:
    assume((x >= -1.0e30) & (x <= 1.0e30), "range")
    ensure((x + x) / 2.0 == x, "proved: doubled and halved")
    return x


@node
def unless(x: Stream[f32]) -> Stream[f32]:
    y = x * 2.0
    ensure((y * 0.5 == x) | (y > 3.0e38) | (y < -3.0e38), "proved: doubled and halved, or too large")
    return y


@node
def underflow(x: Stream[f32]) -> Stream[f32]:
    assume((x >= 0.0) & (x <= 1.0), "range")
    ensure(x * 0.5 * 2.0 == x, "violated: of the least number there is no half")
    return x


@node
def infinite(x: Stream[f32]) -> Stream[f32]:
    y = x * 2.0 - x * 2.0
    ensure(y == 0.0, "violated: infinity less infinity is no number")
    return y


@node
def thirds(x: Stream[f32]) -> Stream[f32]:
    assume((x >= 1.0) & (x <= 1.0000005), "range")
    ensure(x * 3.0 / 3.0 == x, "proved: three times a third")
    return x


@node
def halving(go: Stream[bool]) -> Stream[f64]:
    level = state(init=1.0, type=f64)
    level.next = where(go, level * 0.5, level)
    ensure((level + level) * 0.5 == level, "proved: whatever the level")
    return level
