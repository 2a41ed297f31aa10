"""A contract on the future."""

from syncml import Stream, ensure, f32, node, post, segment


@node
def checked(r: Stream[f32]) -> Stream[f32]:
    with segment(every=8):
        ensure(post(r, init=0.0) > r, "rising")  # error: [K012]
    return r
