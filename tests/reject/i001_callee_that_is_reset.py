from syncml import Stream, arrow, f32, node, pre


@node
def before(x: Stream[f32]) -> Stream[f32]:
    return pre(x)  # error: [I001]


@node
def main(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    return arrow(0.0, before.reset_every(restart)(x))
