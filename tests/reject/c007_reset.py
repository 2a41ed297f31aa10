"""A buffer that is emptied while its writer and its reader go on."""

from syncml import Stream, buffer, f32, hold, node, reset_every, when, word


@node
def main(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    writes, reads = word("(10)"), word("(01)")
    late = when(x, writes)
    with reset_every(restart):
        y = buffer(late, at=reads)  # error: [C007]
    return hold(y, init=0.0)
