from syncml import Stream, i32, node, reset_every, state, wire


@node
def main(step: Stream[i32]) -> Stream[i32]:
    full = wire(bool)  # error: [K001]
    with reset_every(full):
        n = state(init=0)
    n.next = n + step
    full.define(n > 10)
    return n
