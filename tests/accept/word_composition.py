"""A word of a word: half of a half is a quarter, whichever way it is written."""

from syncml import Stream, every, f32, hold, node, sample, when, word


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    half = sample(x, every(2))
    quarter = sample(half, every(2))
    same = when(x, word("(1000)"))
    third = sample(half, every(3, phase=1))
    sixth = when(2.0 * x, word("(001000)"))
    return hold(hold(quarter)) + hold(same), hold(hold(third, init=0.0)) + hold(sixth, init=0.0)
