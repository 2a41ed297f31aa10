"""Follow a lead vehicle on a highway: radar, tracker, learned policy, controller, shield, car.

syncml check  scenarios/highway_acc/pipeline.py
syncml verify scenarios/highway_acc/pipeline.py
syncml sim    scenarios/highway_acc/pipeline.py --scenario scenarios/highway_acc/cut_in.yaml --plot out.html
syncml export scenarios/highway_acc/pipeline.py -o build/acc

The radar yields a frame at 25 Hz, the policy chooses a time gap at 10 Hz, everything else runs at 100 Hz. What is
proved holds for every output of the two networks: docs/explanation/flagship-derivation.md.
"""

import enum
from pathlib import Path
from typing import Annotated

from shield import (
    BRAKING,
    CLEARANCE,
    LEAD_BRAKING,
    RADAR_RANGE,
    RAMP,
    RANGE_NOISE,
    RANGE_RATE_NOISE,
    ROUNDING,
    SPEED_NOISE,
    TICK,
    TOP_ACCELERATION,
    TOP_SPEED,
    Acceleration,
    Bounds,
    Detection,
    Metres,
    MetresPerSecond,
    after_lag,
    lead_stopping,
    margin,
    shield,
    stopping,
)

from syncml import (
    Hz,
    Record,
    Stream,
    Unit,
    assume,
    clip,
    ensure,
    every,
    f32,
    first,
    hold,
    i32,
    invariant,
    maximum,
    merge,
    minimum,
    node,
    param,
    pre,
    sample,
    sigmoid,
    state,
    tanh,
    vec,
    where,
)
from syncml.networks.onnx_node import load_onnx
from syncml.networks.weights import load_weights
from syncml.nodes.neural import GRU, MLP, Dense

FOLDER = Path(__file__).parent
WEIGHTS = load_weights(FOLDER / "weights.safetensors")
POLICY = param("policy", FOLDER / "weights.safetensors", "the network that chooses the time gap: .safetensors or .onnx")

FRAME = 0.04
COMFORT_JERK = 4.0
COMFORT_BRAKING = 3.5
STANDSTILL_GAP = 4.0
RADAR_TIMEOUT = 30
"""Ticks without a valid frame after which the sensors count as degraded: 0.3 s."""
FRAMES_TO_RECOVER = 3

Seconds = Annotated[f32, Unit("s")]


class Mode(enum.Enum):
    """Whether the radar can be relied upon."""

    NOMINAL = 0
    DEGRADED = 1


class Frame(Record):
    """A radar frame, at 25 Hz."""

    valid: Stream[bool]
    new: Stream[bool]
    range: Stream[Metres]
    range_rate: Stream[MetresPerSecond]


class Track(Record):
    """The tracker's estimate of the lead."""

    gap: Stream[Metres]
    closing: Stream[MetresPerSecond]


@node(rate=Hz(25), abstract=True)
def tracker(frame: Frame) -> Track:
    """Smooth the radar: a filter whose gains a GRU chooses from the innovations; lost frames are bridged."""
    track = state(init=Track(gap=0.0, closing=0.0))
    expected = track.gap + FRAME * track.closing
    usable = frame.valid & ~frame.new
    off_range = where(usable, frame.range - expected, 0.0)
    off_rate = where(usable, frame.range_rate - track.closing, 0.0)
    memory = GRU.of(WEIGHTS, "tracker.gru.")
    hidden = memory(vec(off_range, off_rate, where(usable, 1.0, 0.0), 0.1 * track.closing))
    gains = Dense(WEIGHTS["tracker.gain.weight"], WEIGHTS["tracker.gain.bias"], sigmoid, "gain")(hidden)
    gap = where(frame.new, frame.range, expected + gains[0] * off_range)
    closing = where(frame.new, frame.range_rate, track.closing + gains[1] * off_rate + gains[2] * off_range)
    result = Track(gap=clip(gap, 0.0, RADAR_RANGE), closing=clip(closing, -TOP_SPEED, TOP_SPEED))
    track.next = result
    ensure((result.gap >= 0.0) & (result.gap <= RADAR_RANGE), "gap in range")
    ensure((result.closing >= -TOP_SPEED) & (result.closing <= TOP_SPEED), "closing speed in range")
    return result


@node(rate=Hz(10), abstract=True)
def policy(speed: Stream[MetresPerSecond], track: Track) -> Stream[Seconds]:
    """Choose the time gap to the lead: 1.0 s to 2.5 s, from a trained network."""
    urgency = clip(-track.closing / maximum(track.gap, 2.0), -1.0, 1.0)
    features = vec(speed / 25.0 - 1.0, minimum(track.gap, 150.0) / 75.0 - 1.0, track.closing / 10.0, urgency)
    if POLICY.suffix == ".onnx":
        chosen = load_onnx(POLICY)(features)[0]
    else:
        chosen = 1.75 + 0.75 * tanh(MLP.of(load_weights(POLICY), tanh, "policy.")(features)[0])
    headway = clip(chosen, 1.0, 2.5)
    ensure((headway >= 1.0) & (headway <= 2.5), "headway in range")
    return headway


@node
def sensor_mode(valid: Stream[bool], frame: Stream[bool]) -> tuple[Stream[Mode], Stream[i32], Stream[i32]]:
    """Degraded once no valid frame came for 0.3 s; nominal again after three valid frames in a row.

    Also the age of the last valid frame in ticks, and the number of valid frames in a row, up to three.
    """
    last_age, last_good = state(init=0), state(init=0)
    age = where(valid, 0, minimum(last_age + 1, 1000))
    good = where(valid, minimum(last_good + 1, FRAMES_TO_RECOVER), where(frame, 0, last_good))
    mode = state(init=Mode.NOMINAL)
    recovered = (good >= FRAMES_TO_RECOVER) & (age <= RADAR_TIMEOUT)
    degraded = where(mode == Mode.DEGRADED, ~recovered, age > RADAR_TIMEOUT)
    now = where(degraded, Mode.DEGRADED, Mode.NOMINAL)
    last_age.next, last_good.next, mode.next = age, good, now
    entered = (now == Mode.DEGRADED) & (mode == Mode.NOMINAL)
    left = (now == Mode.NOMINAL) & (mode == Mode.DEGRADED)
    ensure(~entered | (age > RADAR_TIMEOUT), "degraded only after 0.3 s without radar", req="SR-4")
    ensure(~left | (good >= FRAMES_TO_RECOVER), "nominal only after three good frames", req="SR-4")
    ensure((now == Mode.DEGRADED) | (age <= RADAR_TIMEOUT), "nominal only while the radar is fresh", req="SR-4")
    invariant((age >= 0) & (age <= 1000) & (good >= 0) & (good <= FRAMES_TO_RECOVER), "counters in range")
    return now, age, good


@node
def controller(
    v_set: Stream[MetresPerSecond],
    speed: Stream[MetresPerSecond],
    track: Track,
    headway: Stream[Seconds],
    mode: Stream[Mode],
    last: Stream[Acceleration],
) -> Stream[Acceleration]:
    """Keep the time gap, or the set speed where that is slower; a PI controller with anti-windup and a jerk limit.

    Args:
        v_set: The set speed.
        speed: The measured speed.
        track: The lead.
        headway: The time gap to keep.
        mode: With degraded sensors the car slows down.
        last: The command of the previous tick, from which the jerk is limited; where the limits or the shield made it
            differ from what was wanted, the integral waits.
    """
    integral, last_wanted, last_err = state(init=0.0), state(init=0.0), state(init=0.0)
    err = track.gap - STANDSTILL_GAP - headway * speed
    unsaturated = abs(last - last_wanted) < 0.1
    total = where(unsaturated, clip(integral + 0.02 * TICK * last_err, -0.3, 0.3), integral)
    approach = minimum(track.closing, 0.0)
    to_stop = 0.5 * approach * approach / maximum(track.gap - 3.0, 1.0)
    follow = 0.18 * err + 0.75 * track.closing - to_stop + total
    integral.next, last_wanted.next, last_err.next = total, follow, err
    target = minimum(follow, 0.4 * (v_set - speed))
    target = where(mode == Mode.DEGRADED, minimum(target, -2.0), target)
    limited = clip(target, -COMFORT_BRAKING, TOP_ACCELERATION)
    return clip(limited, last - TICK * COMFORT_JERK, last + TICK * COMFORT_JERK)


class Command(Record):
    """What the pipeline decides at a tick, and on what ground."""

    acceleration: Stream[Acceleration]
    shielded: Stream[bool]
    mode: Stream[Mode]
    headway: Stream[Seconds]


@node(rate=Hz(100), at={"frame": Hz(25)})
def acc(
    frame: Frame, speed: Stream[MetresPerSecond], acceleration: Stream[Acceleration], v_set: Stream[MetresPerSecond]
) -> tuple[Command, Bounds]:
    """The part that runs in the car: from radar and wheel speed to a command."""
    tick = every(4)
    target = Detection(
        new=merge(tick, frame.new, False),
        valid=merge(tick, frame.valid, False),
        range=merge(tick, frame.range, 0.0),
        range_rate=merge(tick, frame.range_rate, 0.0),
    )
    track = hold(tracker(frame), init=Track(gap=0.0, closing=0.0))
    headway = hold(policy(sample(speed, to=Hz(10)), sample(track, to=Hz(10))), init=1.8)
    mode, _, _ = sensor_mode(target.valid, tick)
    last = state(init=0.0)
    candidate = controller(v_set, speed, track, headway, mode, last)
    command, braking, bounds = shield(candidate, last, acceleration, speed, target)
    last.next = command

    change = command - last
    ensure((command >= -BRAKING) & (command <= TOP_ACCELERATION), "command within actuator limits", req="SR-2")
    comfort = TICK * COMFORT_JERK + ROUNDING
    ensure((change <= comfort) & (change >= -TICK * RAMP - ROUNDING), "jerk within actuator limits", req="SR-3")
    ensure(braking | (change >= -comfort), "jerk within comfort limits", req="SR-3")
    invariant((last >= -BRAKING) & (last <= TOP_ACCELERATION), "last command within actuator limits")
    return Command(command, braking, mode, headway), bounds


class Errors(Record):
    """The sensors' errors at a tick."""

    range: Stream[Metres]
    range_rate: Stream[MetresPerSecond]
    speed: Stream[MetresPerSecond]


@node(rate=Hz(100))
def highway_acc(
    v_set: Stream[MetresPerSecond],
    start_speed: Stream[MetresPerSecond],
    target_gap: Stream[Metres],
    target_speed: Stream[MetresPerSecond],
    cut_in: Stream[bool],
    lead_acceleration: Stream[Acceleration],
    radar_lost: Stream[bool],
    error: Errors,
) -> tuple[Stream[Metres], Stream[MetresPerSecond], Stream[MetresPerSecond], Stream[Acceleration], Command]:
    """The loop: the pipeline, the car, and a lead that may brake, accelerate, or be replaced by one that cuts in."""
    start, tick = first(), every(4)
    kept_speed, acceleration = state(init=0.0), state(init=0.0)
    kept_gap, kept_lead_speed = state(init=0.0), state(init=0.0)
    new = tick & (start | cut_in)
    speed = where(start, start_speed, kept_speed)
    gap = where(new, target_gap, kept_gap)
    lead_speed = where(new, target_speed, kept_lead_speed)

    measured = speed + error.speed
    seen = Frame(valid=~radar_lost, new=new, range=gap + error.range, range_rate=lead_speed - speed + error.range_rate)
    command, bounds = acc(sample(seen, to=Hz(25)), measured, acceleration, v_set)

    acceleration.next = after_lag(acceleration, command.acceleration)
    kept_speed.next = clip(speed + TICK * acceleration, 0.0, TOP_SPEED)
    kept_lead_speed.next = clip(lead_speed + TICK * lead_acceleration, 0.0, TOP_SPEED)
    kept_gap.next = minimum(gap + TICK * (lead_speed - speed), RADAR_RANGE)

    assume(abs(error.range) <= RANGE_NOISE, "range error bounded")
    assume(abs(error.range_rate) <= RANGE_RATE_NOISE, "range rate error bounded")
    assume(abs(error.speed) <= SPEED_NOISE, "speed error bounded")
    assume(lead_acceleration >= -LEAD_BRAKING, "the lead brakes with at most 7 m/s²")
    assume((start_speed >= 0.0) & (start_speed <= TOP_SPEED), "start speed in range")
    assume((target_speed >= 0.0) & (target_speed <= TOP_SPEED), "target speed in range")
    assume((target_gap >= 0.0) & (target_gap <= RADAR_RANGE), "targets within the radar's range")

    last = pre(command.acceleration, init=0.0)
    invariant((acceleration >= -BRAKING) & (acceleration <= TOP_ACCELERATION), "acceleration in range")
    invariant((speed >= 0.0) & (speed <= TOP_SPEED), "speed in range")
    invariant((lead_speed >= 0.0) & (lead_speed <= TOP_SPEED), "lead speed in range")
    invariant((speed <= bounds.speed) & (bounds.speed <= TOP_SPEED), "the speed bound holds")
    invariant((bounds.lead_speed >= 0.0) & (bounds.lead_speed <= lead_speed), "the lead speed bound holds")
    invariant(bounds.gap <= gap, "the gap bound holds")
    certain, real = stopping(bounds.speed, acceleration, last), stopping(speed, acceleration, last)
    invariant(real.excess <= certain.excess, "certainty adds speed")
    invariant(real.distance <= certain.distance, "certainty adds distance")
    invariant(lead_stopping(lead_speed) >= lead_stopping(bounds.lead_speed), "certainty slows the lead")
    rss = margin(Bounds(gap=gap, lead_speed=lead_speed, speed=speed), real, lead_stopping(lead_speed))
    ensure(rss >= 0.0, "RSS distance kept", req="SR-1")
    ensure(gap >= CLEARANCE, "no collision", req="SR-1")
    return gap, speed, lead_speed, acceleration, command


main = highway_acc
