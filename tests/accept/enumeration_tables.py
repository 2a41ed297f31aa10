"""A successor by nested choices, a comparison of two streams of members, a vector of members."""

import enum
from typing import Literal as L

from syncml import Stream, Vec, fby, i32, node, state, vec, where


class Light(enum.Enum):
    RED = 0
    AMBER = 1
    GREEN = 2


def following(light: Stream[Light]) -> Stream[Light]:
    after_amber = where(light == Light.AMBER, Light.GREEN, Light.RED)
    return where(light == Light.RED, Light.AMBER, after_amber)


@node
def main(go: Stream[bool], seen: Stream[Light]) -> tuple[Stream[Vec[L[2], Light]], Stream[i32]]:
    light = state(init=Light.RED)
    light.next = where(go, following(light), light)
    agree = (light == seen) & (seen != fby(Light.GREEN, light))
    return vec(light, following(seen)), where(agree, 1, 0)
