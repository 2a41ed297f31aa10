from syncml import Hz, Stream, f32, hold, node, sample


@node(rate=Hz(100), at={"radar": Hz(25)})
def follow(radar: Stream[f32], speed: Stream[f32]) -> Stream[f32]:
    return hold(radar) - speed


@node(rate=Hz(100))
def main(x: Stream[f32], restart: Stream[bool]) -> Stream[f32]:
    return follow.reset_every(restart)(sample(x, to=Hz(25)), x)  # error: [C010]
