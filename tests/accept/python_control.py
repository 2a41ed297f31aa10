"""Python's own control flow chooses which equations a node has."""

from syncml import Stream, f32, node, param

ORDER = param("order", 2, help="how many stages the filter has")
BOOST = param("boost", False)


@node
def main(x: Stream[f32]) -> Stream[f32]:
    stages = [x]
    for gain in [0.5, 0.25, 0.125][:ORDER]:
        stages.append(stages[-1] * gain)
    total = sum(stages[1:], stages[0])
    if BOOST:
        total = total * 10.0
    return total
