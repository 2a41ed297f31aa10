from syncml import Hz, Stream, f32, node, reset_every, state, when


@node(rate=Hz(100))
def main(x: Stream[f32], enabled: Stream[bool], stop: Stream[bool]) -> Stream[f32]:
    stopped = when(stop, enabled)
    with reset_every(stopped):
        total = state(init=0.0)  # error: [C010]
    total.next = total + x
    return total
