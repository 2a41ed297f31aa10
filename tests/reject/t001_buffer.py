"""First values of another type, and a number that no machine stores."""

from syncml import Stream, buffer, f32, i32, integer, node


@node
def main(x: Stream[f32], n: Stream[i32], k: Stream[integer]) -> Stream[f32]:
    a = buffer(n, init=[0.5])  # error: [T003]
    b = buffer(k)  # error: [T006]
    c = buffer(x, init=[x])  # error: [I001]
    d = buffer(x, init=[[1.0, 2.0]])  # error: [T002]
    return x
