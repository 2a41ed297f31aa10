"""The flagship's loop as an environment: the agent is the policy, which chooses the time gap at 10 Hz.

envs = syncml.gym.make_vec("scenarios/highway_acc/environment.py", 64, bounds={"choice": (-3, 3)}, ticks=10, limit=600)

The tracker, the controller, the shield and the car are those of pipeline.py. The lead brakes and accelerates at random
and is now and then replaced by a vehicle that cuts in. An agent sees what the policy sees, and its choice means what
the output of the policy's network means; docs/how-to/reinforcement-learning.md trains one and puts it in the pipeline.
"""

from typing import Any
from typing import Literal as L

from pipeline import Frame, Mode, Track, controller, sensor_mode, tracker
from shield import (
    RADAR_RANGE,
    RANGE_NOISE,
    RANGE_RATE_NOISE,
    SPEED_NOISE,
    TICK,
    TOP_SPEED,
    Detection,
    after_lag,
    shield,
)

from syncml import (
    Hz,
    Stream,
    Vec,
    cast,
    clip,
    every,
    f32,
    first,
    hold,
    maximum,
    merge,
    minimum,
    node,
    sample,
    state,
    tanh,
    u64,
    vec,
    where,
)
from syncml.nodes.random import random_bits, uniform

SET_SPEED = 33.0
MANOEUVRE = 200
"""Ticks between the decisions of the lead: 2 s."""
WIDEST = 4.0
"""Time gaps beyond this are all the same to the reward, s."""


@node
def drawn(seed: Stream[u64], place: Stream[u64], low: Stream[f32], high: Stream[f32]) -> Stream[f32]:
    """An evenly distributed number between two."""
    return low + cast(uniform(random_bits(seed, place)), f32) * (high - low)


@node(rate=Hz(100))
def following(choice: Stream[f32], seed: Stream[u64]) -> tuple[Stream[Vec[L[4]]], Stream[f32], Stream[bool]]:
    """Drive behind a lead.

    Args:
        choice: The output of the policy's network; 1.75 s + 0.75 s · tanh of it is the time gap.
        seed: Of the lead's decisions and the errors of the sensors.

    Returns:
        What the policy sees; what the last tick was worth, at most 0.1: little where the lead is far away, less where
        it is nearer than UN R157 5.2.3.3 allows, where the car brakes or accelerates hard, and where the shield has to
        act; whether the car touches the lead.
    """
    tick, start, frame = state(init=0, type=u64), first(), every(4)
    tick.next = tick + 1
    kept_speed, acceleration, kept_gap, kept_lead = (state(init=0.0) for _ in range(4))

    def random(kind: int, low: Any, high: Any, at: Any = tick) -> Any:
        return drawn(seed, at * 16 + kind, low, high)

    decision = tick // MANOEUVRE
    cut_in = (tick % MANOEUVRE == 100) & (random(0, 0.0, 1.0, decision) < 0.1)
    new = frame & (start | cut_in)
    speed = where(start, random(1, 4.0, 30.0), kept_speed)
    gap = where(new, speed * random(2, 1.5, 2.5) + 5.0, kept_gap)
    lead = where(new, maximum(speed + random(3, -5.0, 2.0), 0.0), kept_lead)
    brakes, pushes = random(4, -4.0, -1.0, decision), random(5, 0.5, 1.5, decision)
    mood = random(6, 0.0, 1.0, decision)
    wanted = where(mood < 0.3, brakes, where(mood < 0.65, pushes, 0.0))

    measured = speed + random(7, -SPEED_NOISE, SPEED_NOISE)
    off_range, off_rate = random(8, -RANGE_NOISE, RANGE_NOISE), random(9, -RANGE_RATE_NOISE, RANGE_RATE_NOISE)
    seen = Frame(valid=tick >= 0, new=new, range=gap + off_range, range_rate=lead - speed + off_rate)
    echo = sample(seen, to=Hz(25))
    track = hold(tracker(echo), init=Track(gap=0.0, closing=0.0))
    target = Detection(
        new=merge(frame, echo.new, False),
        valid=merge(frame, echo.valid, False),
        range=merge(frame, echo.range, 0.0),
        range_rate=merge(frame, echo.range_rate, 0.0),
    )
    headway = clip(1.75 + 0.75 * tanh(choice), 1.0, 2.5)
    mode, _, _ = sensor_mode(target.valid, frame)
    last = state(init=0.0)
    candidate = controller(SET_SPEED, measured, track, headway, mode, last)
    command, braking, _ = shield(candidate, last, acceleration, measured, target)
    last.next = command

    acceleration.next = after_lag(acceleration, command)
    kept_speed.next = clip(speed + TICK * acceleration, 0.0, TOP_SPEED)
    kept_lead.next = clip(lead + TICK * wanted, 0.0, SET_SPEED)
    kept_gap.next = minimum(gap + TICK * (lead - speed), RADAR_RANGE)

    urgency = clip(-track.closing / maximum(track.gap, 2.0), -1.0, 1.0)
    observation = vec(measured / 25.0 - 1.0, minimum(track.gap, 150.0) / 75.0 - 1.0, track.closing / 10.0, urgency)
    distance = minimum(gap / maximum(speed, 5.0), WIDEST)
    least = 1.0 + 0.6 * clip((speed - 2.0) / 14.7, 0.0, 1.0)
    too_near = maximum(least - distance, 0.0)
    shielded = where(braking & (mode == Mode.NOMINAL), 2.0, 0.0)
    reward = 0.1 * (1.0 - distance / WIDEST - 5.0 * too_near - 0.05 * acceleration * acceleration - shielded)
    terminated = gap <= 0.0
    return observation, reward, terminated


main = following
