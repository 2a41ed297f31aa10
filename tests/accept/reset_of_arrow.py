"""`arrow` and `first` in a reset block: the derivative is 0 at each new beginning."""

from syncml import Stream, arrow, f32, first, node, pre, reset_every, where


@node
def main(x: Stream[f32], lap: Stream[bool]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    with reset_every(lap):
        slope = arrow(0.0, x - pre(x))
        begun = where(first(), x, 0.0)
        curve = arrow(0.0, arrow(0.0, slope - pre(slope)))
    return slope, begun, curve
