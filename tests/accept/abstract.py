"""A node whose contract stands for its body in proofs."""

from syncml import Hz, Stream, clip, ensure, f32, node, tanh


@node(abstract=True)
def policy(x: Stream[f32]) -> Stream[f32]:
    """Choose a headway, in seconds."""
    y = clip(tanh(x) + 1.5, 1.0, 2.0)
    ensure((y >= 1.0) & (y <= 2.0), "range")
    return y


@node(rate=Hz(10))
def main(x: Stream[f32]) -> Stream[f32]:
    return policy(x) * 2.0
