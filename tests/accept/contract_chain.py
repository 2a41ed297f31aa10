"""What one node ensures is what the next one requires, along a chain of three."""

from syncml import Stream, clip, ensure, f32, node, require, state


@node
def sensor(raw: Stream[f32]) -> Stream[f32]:
    y = clip(raw, 0.0, 200.0)
    ensure((y >= 0.0) & (y <= 200.0), "in range", req="SEN-1")
    return y


@node
def headway(gap: Stream[f32]) -> Stream[f32]:
    require((gap >= 0.0) & (gap <= 200.0), "gap in range")
    y = gap * 0.01
    ensure(y >= 0.0, "positive", req="HW-2")
    return y


@node
def main(raw: Stream[f32]) -> Stream[f32]:
    wish = headway(sensor(raw))
    kept = state(init=0.0)
    kept.next = wish
    ensure(kept >= 0.0, "never backwards")
    return kept
