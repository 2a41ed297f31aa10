"""A filter whose state is a record in a record; a helper in Python makes the next one."""

from syncml import Record, Stream, f32, i32, node, state, where


class Kinematics(Record):
    place: Stream[f32]
    speed: Stream[f32]


class Track(Record):
    now: Kinematics
    age: Stream[i32]


def advance(k: Kinematics, seconds: float) -> Kinematics:
    return Kinematics(place=k.place + seconds * k.speed, speed=k.speed)


@node
def main(seen: Stream[bool], place: Stream[f32]) -> Track:
    track = state(init=Track(now=Kinematics(place=0.0, speed=1.0), age=0))
    ahead = advance(track.now, 0.1)
    surprise = place - ahead.place
    better = Kinematics(place=ahead.place + 0.5 * surprise, speed=ahead.speed + 0.2 * surprise)
    track.next = Track(now=where(seen, better, ahead), age=where(seen, 0, track.age + 1))
    return track
