from syncml import Stream, buffer, f32, node, reset_every, when, word


@node
def main(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    with reset_every(restart):
        y = buffer(when(x, word("(1100)")), at=word("(10)"))  # error: [C010]
    return y
