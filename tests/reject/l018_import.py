"""A module that is not there."""

import no_such_module_of_anyone  # error: [L018]

from syncml import Stream, f32, node


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return x * no_such_module_of_anyone.GAIN
