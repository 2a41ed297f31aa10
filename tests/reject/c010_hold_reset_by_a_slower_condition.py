from syncml import Stream, f32, hold, i32, node, reset_every, state, when


@node
def counted(x: Stream[f32]) -> Stream[f32]:
    total = state(init=0.5)
    total.next = total + x
    return total


@node
def main(x: Stream[f32], go: Stream[bool], n: Stream[i32]) -> Stream[f32]:
    with reset_every(when(n % 3 == 0, go)):
        y = hold(counted(when(x, go)), init=0.0)  # error: [C010]
    return y
