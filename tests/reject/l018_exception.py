"""An exception in a helper function, two calls deep."""

from syncml import Stream, f32, node

GAINS = {"low": 0.5}


def gain(name: str) -> float:
    return GAINS[name]  # error: [L018]


def scaled(x: Stream[f32], name: str) -> Stream[f32]:
    return x * gain(name)


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return scaled(x, "high")
