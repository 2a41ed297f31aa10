from syncml import Stream, f32, node, pre, reset_every


@node
def main(x: Stream[f32]) -> Stream[f32]:
    with reset_every(x):  # error: [T006]
        y = pre(x, init=0.0)
    return y
