"""A word inside of a reset begins again, its prefix included; one outside goes on."""

from syncml import Stream, every, i32, node, reset_every, where, word


@node
def main(start: Stream[bool]) -> tuple[Stream[i32], Stream[i32], Stream[i32]]:
    with reset_every(start):
        opening = where(word("1(0)"), 1, 0)
        beat = where(every(3, phase=1), 1, 0)
    steady = where(every(3, phase=1), 1, 0)
    return opening, beat, steady
