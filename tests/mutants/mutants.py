"""Faults sown in the flagship, one edit each, and the stage that must catch each of them.

check   the compiler refuses the program
run     a contract fails on a scenario or on a run at the corners of the assumptions
test    the contracts hold, but a scenario does not go as it should
verify  no run of the tests breaks a contract, the proof does
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Stage(Enum):
    """What catches a mutant; in this order, the cheapest first."""

    CHECK = "check"
    RUN = "run"
    TEST = "test"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit of one file, and what must catch it.

    Attributes:
        old: Occurs exactly once in the file.
        by: The code of the diagnostic, the name of a clause that fails, or words of what the scenario must do.
    """

    name: str
    file: str
    old: str
    new: str
    stage: Stage
    by: str


PIPELINE, SHIELD = "pipeline.py", "shield.py"

MUTANTS: tuple[Mutant, ...] = (
    # Caught by the compiler.
    Mutant(
        "missing delay: the command acts on itself",
        PIPELINE,
        """    last = state(init=0.0)
    candidate = controller(v_set, speed, track, headway, mode, last)
    command, braking, bounds = shield(candidate, last, acceleration, speed, target)
    last.next = command
""",
        """    from syncml import wire

    last = wire(f32)
    candidate = controller(v_set, speed, track, headway, mode, last)
    command, braking, bounds = shield(candidate, last, acceleration, speed, target)
    last.define(command)
""",
        Stage.CHECK,
        "K001",
    ),
    Mutant(
        "wrong rate of the policy",
        PIPELINE,
        "@node(rate=Hz(10), abstract=True)",
        "@node(rate=Hz(20), abstract=True)",
        Stage.CHECK,
        "C001",
    ),
    Mutant(
        "wrong rate of the speed", PIPELINE, "sample(speed, to=Hz(10))", "sample(speed, to=Hz(25))", Stage.CHECK, "L020"
    ),
    Mutant(
        "wrong period of the radar",
        PIPELINE,
        "tick = every(4)\n    target",
        "tick = every(5)\n    target",
        Stage.CHECK,
        "C003",
    ),
    Mutant(
        "a slow value used at a fast rate",
        PIPELINE,
        "track = hold(tracker(frame), init=Track(gap=0.0, closing=0.0))",
        "track = tracker(frame)",
        Stage.CHECK,
        "C002",
    ),
    Mutant(
        "a delay without a first value",
        PIPELINE,
        "last = pre(command.acceleration, init=0.0)",
        "last = pre(command.acceleration)",
        Stage.CHECK,
        "I001",
    ),
    # Caught by a contract on a run.
    Mutant(
        "shield removed",
        SHIELD,
        "command = where(braking, maximum(last - TICK * RAMP, -BRAKING), candidate)",
        "command = candidate",
        Stage.RUN,
        "RSS distance kept",
    ),
    Mutant(
        "shield delayed by one tick",
        SHIELD,
        "braking = left_if_accepted < 0.0",
        "braking = pre(left_if_accepted < 0.0, init=False)",
        Stage.RUN,
        "RSS distance kept",
    ),
    Mutant(
        "shield's branches swapped",
        SHIELD,
        "where(braking, maximum(last - TICK * RAMP, -BRAKING), candidate)",
        "where(braking, candidate, maximum(last - TICK * RAMP, -BRAKING))",
        Stage.RUN,
        "RSS distance kept",
    ),
    Mutant(
        "braking without a limit",
        SHIELD,
        "maximum(last - TICK * RAMP, -BRAKING)",
        "last - TICK * RAMP",
        Stage.RUN,
        "acc.command within actuator limits",
    ),
    Mutant(
        "brakes too softly",
        SHIELD,
        "maximum(last - TICK * RAMP, -BRAKING)",
        "maximum(last - TICK * RAMP / 2.0, -BRAKING)",
        Stage.RUN,
        "RSS distance kept",
    ),
    Mutant(
        "the check takes the last command",
        SHIELD,
        "after_lag(acceleration, candidate), candidate)",
        "after_lag(acceleration, last), last)",
        Stage.RUN,
        "RSS distance kept",
    ),
    Mutant(
        "lag forgotten",
        SHIELD,
        "excess = speed + BRAKE_LAG * acceleration + ramp",
        "excess = speed + ramp",
        Stage.RUN,
        "acc.shield.braking takes speed",
    ),
    Mutant(
        "ramp forgotten",
        SHIELD,
        "excess = speed + BRAKE_LAG * acceleration + ramp",
        "excess = speed + BRAKE_LAG * acceleration",
        Stage.RUN,
        "acc.shield.braking takes speed",
    ),
    Mutant(
        "the lead's speed does not age",
        SHIELD,
        "lead_speed=maximum(now.lead_speed - TICK * LEAD_BRAKING, 0.0),",
        "lead_speed=now.lead_speed,",
        Stage.RUN,
        "the lead speed bound holds",
    ),
    Mutant(
        "range error forgotten",
        SHIELD,
        "seen_gap = target.range - (RANGE_NOISE + NOISE_ROUNDING)",
        "seen_gap = target.range",
        Stage.RUN,
        "the gap bound holds",
    ),
    Mutant(
        "range rate error too small",
        SHIELD,
        "(RANGE_RATE_NOISE + SPEED_NOISE + NOISE_ROUNDING)",
        "(RANGE_RATE_NOISE / 2.0 + SPEED_NOISE)",
        Stage.RUN,
        "the lead speed bound holds",
    ),
    Mutant(
        "sign of the speed error",
        SHIELD,
        "speed + (SPEED_NOISE + NOISE_ROUNDING)",
        "speed - (SPEED_NOISE + NOISE_ROUNDING)",
        Stage.RUN,
        "the speed bound holds",
    ),
    Mutant(
        "sign of the certain gap",
        SHIELD,
        "now.gap + TICK * (now.lead_speed - now.speed)",
        "now.gap + TICK * (now.speed - now.lead_speed)",
        Stage.RUN,
        "the gap bound holds",
    ),
    Mutant(
        "jerk limit dropped",
        PIPELINE,
        "return clip(limited, last - TICK * COMFORT_JERK, last + TICK * COMFORT_JERK)",
        "return limited",
        Stage.RUN,
        "acc.jerk within actuator limits",
    ),
    Mutant(
        "bounds of the clip swapped",
        PIPELINE,
        "clip(target, -COMFORT_BRAKING, TOP_ACCELERATION)",
        "clip(target, TOP_ACCELERATION, -COMFORT_BRAKING)",
        Stage.TEST,
        "keeps the time gap in the end",
    ),
    Mutant(
        "radar may be lost for longer",
        PIPELINE,
        "degraded = where(mode == Mode.DEGRADED, ~recovered, age > RADAR_TIMEOUT)",
        "degraded = where(mode == Mode.DEGRADED, ~recovered, age > 2 * RADAR_TIMEOUT)",
        Stage.RUN,
        "acc.sensor_mode.nominal only while the radar is fresh",
    ),
    Mutant(
        "recovers after the first good frame",
        PIPELINE,
        "recovered = (good >= FRAMES_TO_RECOVER)",
        "recovered = (good >= 1)",
        Stage.RUN,
        "acc.sensor_mode.nominal only after three good frames",
    ),
    # The shield keeps the car safe whatever these do; the scenarios show that it no longer drives well.
    Mutant(
        "sign of the closing speed in the controller",
        PIPELINE,
        "follow = 0.18 * err + 0.75 * track.closing",
        "follow = 0.18 * err - 0.75 * track.closing",
        Stage.TEST,
        "the shield acts only where",
    ),
    Mutant(
        "tracker's branches swapped",
        PIPELINE,
        "gap = where(frame.new, frame.range, expected + gains[0] * off_range)",
        "gap = where(frame.new, expected + gains[0] * off_range, frame.range)",
        Stage.TEST,
        "the tracker halves the radar's error",
    ),
    Mutant(
        "slows down with a radar, not without",
        PIPELINE,
        "where(mode == Mode.DEGRADED, minimum(target, -2.0), target)",
        "where(mode == Mode.DEGRADED, target, minimum(target, -2.0))",
        Stage.TEST,
        "drives as fast as the lead in the end",
    ),
    Mutant(
        "does not slow down without a radar",
        PIPELINE,
        "where(mode == Mode.DEGRADED, minimum(target, -2.0), target)",
        "where(mode == Mode.DEGRADED, minimum(target, 2.0), target)",
        Stage.TEST,
        "slows down without a radar",
    ),
    Mutant(
        "lost frames count as valid",
        PIPELINE,
        "valid=merge(tick, frame.valid, False)",
        "valid=tick",
        Stage.TEST,
        "degraded from 527 to 707",
    ),
    Mutant(
        "wrong constant of the policy",
        PIPELINE,
        "chosen = 1.75 + 0.75 * tanh",
        "chosen = 1.25 + 0.75 * tanh",
        Stage.TEST,
        "chooses the time gap of the reference",
    ),
    # Every run that keeps the assumptions is as before; the proof needs what was taken away.
    Mutant(
        "a lead that brakes harder than the shield reckons with",
        PIPELINE,
        "assume(lead_acceleration >= -LEAD_BRAKING,",
        "assume(lead_acceleration >= -9.0,",
        Stage.VERIFY,
        "the lead speed bound holds",
    ),
    Mutant(
        "a range error ten times what the shield reckons with",
        PIPELINE,
        "assume(abs(error.range) <= RANGE_NOISE,",
        "assume(abs(error.range) <= 10.0 * RANGE_NOISE,",
        Stage.VERIFY,
        "the gap bound holds",
    ),
    Mutant(
        "targets may appear at any distance",
        SHIELD,
        "(target.valid & (left >= 0.0) & (now.gap >= CLEARANCE))",
        "target.valid",
        Stage.VERIFY,
        "RSS distance kept",
    ),
)
