"""Values where types belong: an array, a list, what an array has."""

import numpy as np

from syncml import Stream, cast, f32, node, wire, zeros


@node
def main(x: Stream[f32]) -> Stream[f32]:
    a = wire(np.zeros(3))  # error: [L014]
    b = wire([0.5, 1.0])  # error: [L014]
    c = wire(zeros(3))
    c.define(x + zeros(3))
    a.define(c)
    b.define(c)
    return cast(x, {"f": 32})  # error: [L014]
