"""The reading clock of a buffer is a Boolean stream."""

from syncml import Stream, buffer, f32, node


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return buffer(x, at=x)  # error: [T006]
