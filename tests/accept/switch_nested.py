"""A switch on a Boolean inside of one on an enumeration; both write one variable."""

import enum

from syncml import Stream, f32, node, pre, switch


class Drive(enum.Enum):
    ECO = 0
    SPORT = 1


@node
def main(drive: Stream[Drive], warm: Stream[bool], torque: Stream[f32]) -> Stream[f32]:
    chosen = switch(drive)
    force = chosen.shared(f32)
    with chosen(Drive.ECO):
        force.define(0.5 * torque)
    with chosen(Drive.SPORT):
        temperature = switch(warm)
        limited = temperature.shared(f32)
        with temperature(True):
            limited.define(2.0 * torque)
        with temperature(False):
            limited.define(torque + 0.5 * pre(torque, init=0.0))
        force.define(limited)
    return force
