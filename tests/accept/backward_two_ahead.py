"""`post` of `post`: the value two instants ahead, with two borders at the end."""

from syncml import Stream, i32, node, pack, post, segment, unpack


@node
def main(x: Stream[i32]) -> Stream[i32]:
    with segment(every=5):
        following = post(x, init=-1)
        second = post(following, init=-2)
        return unpack(pack(second - following), init=0)
