"""Three sensors in turn, each at a phase of its own; the latest values are fused at the base rate."""

from typing import Literal as L

from syncml import Hz, Stream, Vec, f32, hold, ms, node, vec


@node(
    rate=Hz(100),
    at={"left": Hz(25), "middle": Hz(25, phase=ms(10)), "right": Hz(25, phase=ms(30))},
)
def main(left: Stream[f32], middle: Stream[f32], right: Stream[f32]) -> Stream[Vec[L[3]]]:
    return vec(hold(left), hold(middle, init=0.0), hold(right, init=0.0))
