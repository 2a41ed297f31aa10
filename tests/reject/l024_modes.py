"""Modes after the one that is active otherwise; conditions and promises that are no Boolean streams."""

from syncml import Stream, f32, mode, node


@node
def main(x: Stream[f32]) -> Stream[f32]:
    mode("number", require=x, ensure=x > 0.0)  # error: [T006]
    mode("positive", require=x > 0.0, ensure=x)  # error: [T006]
    mode("rest", ensure=x <= 0.0)
    mode("late", require=x == 0.0, ensure=x == 0.0)  # error: [L024]
    mode("again", ensure=x <= 0.0)  # error: [L024]
    return x
