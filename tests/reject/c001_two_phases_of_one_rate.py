"""Two streams of one rate and different phases."""

from syncml import Hz, Stream, f32, ms, node, sample


@node(rate=Hz(100))
def phases(x: Stream[f32]) -> Stream[f32]:
    early = sample(x, to=Hz(25))
    late = sample(x, to=Hz(25), phase=ms(10))
    return early - late  # error: [C001]
