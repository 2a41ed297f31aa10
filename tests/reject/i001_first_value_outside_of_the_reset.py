from syncml import Stream, arrow, f32, node, pre, reset_every


@node
def main(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    with reset_every(restart):
        before = pre(x)  # error: [I001]
    return arrow(x, before)
