"""Clauses on a slower clock and below a condition speak where they are present."""

from syncml import Hz, Stream, assume, clip, ensure, f32, hold, node, sample, when


@node(rate=Hz(100), at={"radar": Hz(25)})
def main(radar: Stream[f32], valid: Stream[bool]) -> Stream[f32]:
    assume(radar < 1e6, "sane radar")
    near = clip(radar, 0.0, 100.0)
    ensure(near >= 0.0, "slow")
    good = when(near, sample(valid, to=Hz(25)))
    ensure(good <= 100.0, "below a condition")
    latest = hold(hold(good, init=50.0))
    ensure((latest >= 0.0) & (latest <= 100.0), "held")
    return latest
