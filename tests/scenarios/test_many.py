"""Many runs among actors: what becomes of each is what the interpreter says, however they are laid out."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from syncml.pipeline import Checked, check_file
from syncml.scenario.closed_loop import run_interpreted
from syncml.scenario.many import ManyRuns, Programs
from syncml.scenario.suite import Outcome, Verdict, judge
from syncml.scenario.templates import Template, find_connection, read_template
from syncml.scenario.variables import NotSpecialisedError
from syncml.sim.monitor import monitor
from tests.support import openscenario as x

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
PROGRAM = '''
from syncml import Hz, Stream, assume, cast, clip, ensure, f32, f64, hold, node, sample, state, where


@node(rate=Hz(20))
def follow(
    gap: Stream[f32], lead: Stream[f64], wanted: Stream[f32], new: Stream[bool], hit: Stream[bool], lost: Stream[bool],
    noise: Stream[f32],
) -> tuple[Stream[f32], Stream[f32], Stream[bool]]:
    """Keep a time gap of 1.2 s to the lead, and swing in the lane."""
    speed, first, place = state(init=0.0), state(init=True), state(init=0.0)
    now = where(first, wanted, speed)
    seen = hold(sample(gap, to=Hz(5)), init=50.0)
    speed.next = now + 0.05 * clip(0.3 * (seen + noise - 3.0 - 1.2 * now) + 0.9 * (cast(lead, f32) - now), -5.0, 2.0)
    first.next = False
    place.next = where(place > 0.4, -0.4, place + 0.01)
    assume(gap >= -0.5, "not inside of the lead")
    ensure(gap >= 0.8, "no collision")
    ensure(sample(gap, to=Hz(5)) < 140.0, "a lead at last")
    ensure(~(new & lost), "nothing is lost when it is new")
    return now, place, new | hit
'''
CONNECTION = """
ego: {speed: now, range: 150, settle: 0.1}
inputs:
  gap: {sense: lead.gap}
  lead: {sense: lead.speed}
  wanted: {sense: ego.start_speed}
  new: {sense: lead.new}
  hit: {sense: collision}
  lost: {probability: 0.5, unless: lead.new}
  noise: {low: -0.2, high: 0.2}
"""
HEAD = """
name: cut in
duration: "${4 + 0.05 * v}"
parameters: {v: {values: [9, 14, 25]}, dx: {first: 6, last: 30, step: 8}}
road: {line: [{length: 100}, {length: 100, curvature: [0, 0.004]}, {length: 900, curvature: 0.004}], right: [3.5, 3.5]}
actors:
  ego: {lane: -1, at: 20, speed: "${v}"}
  other: {lane: -2, ahead_of: ego, gap: "${dx} m", speed: "${0.7 * v}", size: [4, 1.9]}
  last: {lane: -1, ahead_of: ego, gap: 110, speed: 3}
events:
"""
STORIES = {
    "lane change, braking, stop": """
  - {name: in, actor: other, when: [{time: "${0.1 * dx}"}], do: [{lane: -1, time: 2 s}]}
  - {name: brake, actor: other, when: [{after: in}], do: [{speed: 0, rate: 3 m/s**2, shape: sinusoidal}]}
stop: [{standstill: other, for: 0.3 s}]
""",
    "shapes": """
  - {name: in, actor: other, when: [{headway: [ego, other], below: 1.5 s}], do: [{lane: -1, rate: 2, shape: cubic}]}
  - {name: slow, actor: other, when: [{speed_of: ego, below: 13}, {time: 1}], do: [{speed: 2, distance: 9}]}
  - {name: fast, actor: other, when: [{after: slow, delay: 0.4 s}], do: [{speed: -2, relative_to: ego, time: 1 s}]}
""",
    "offsets and delays": """
  - {name: aside, actor: other, when: [{time: 1, delay: 0.5}], do: [{offset: 2.9, acceleration: 2, shape: sinusoidal}]}
  - {name: back, actor: other, when: [{gap: [ego, other], below: 9, edge: rising}], do: [{offset: -0.5}]}
  - {name: jump, actor: other, when: [{after: back, delay: 1 s}], do: [{lane: -1}, {speed: 4, rate: 6}]}
stop: [{collision: [ego, other]}]
""",
    "a path": """
  - {name: p, actor: other, when: [{ttc: [ego, other], below: 6}], do: [{path: [[0, 60, 5], [2, 70, -1], [4, 72, 0]]}]}
  - {name: again, actor: other, when: [{after: p}], do: [{speed: 5, rate: 2}]}
""",
    "a path in the plane": """
  - {name: p, actor: other, when: [{time: 1}], do: [{frame: plane, path: [[0, 120, 9], [3, 205, -12], [4, 215, 5]]}]}
""",
    "nobody does anything": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "connection.yaml").write_text(CONNECTION)
    return tmp_path


def expected(checked: Checked, template: Template, run: int, seed: int | None = None) -> Outcome:
    """What the interpreter and the engine say."""
    node = checked.main
    ticks = template.ticks(node, run)
    scene = template.scene(node, run)
    assert scene is not None
    ran = run_interpreted(checked.flat, scene, template.values(node, ticks, run, seed), ticks)
    verdict, clause, tick = judge(monitor(checked.flat, ran.trace), ran.collision)
    return Outcome(run, verdict, clause, tick, ran.collision is not None, ran.least_gap, ran.trace.ticks)


def together(many: ManyRuns, runs: list[int], **how: int) -> list[Outcome]:
    return [o for rows in many.rows(np.array(runs), **how) for o in rows.outcomes()]


@pytest.mark.parametrize("story", STORIES)
def test_each_run_is_that_of_the_interpreter(folder: Path, story: str) -> None:
    path = folder / "played.yaml"
    path.write_text(HEAD + (STORIES[story] or "  []\n"))
    checked = check_file(str(folder / "program.py"))
    template = read_template(path, find_connection(None, folder / "program.py"))
    many = ManyRuns(Programs(checked.program, checked.main), template)
    runs = list(range(template.runs.count))
    found = together(many, runs)
    for run in runs[::3]:
        assert found[run] == expected(checked, template, run)
    assert len({(o.ticks, o.least_gap) for o in found}) > 2
    for lanes, threads, chunk in ((1, 1, 1000), (7, 2, 64), (64, 2, 1), (64, 1, 7)):
        how = {"lanes": lanes, "threads": threads, "chunk": chunk}
        assert together(many, runs, **how) == found
    assert together(many, runs[::-1], threads=2) == found[::-1]
    assert together(many, [3, 5], seed=9) == [expected(checked, template, run, 9) for run in (3, 5)]


def test_runs_share_what_the_program_does_until_it_is_given_something_else(folder: Path) -> None:
    path = folder / "played.yaml"
    # How runs differ the program sees in the fast ones when the slow ones are over, or while these have no lead.
    head = HEAD.replace("step: 8}", "step: 0.35}").replace("gap: 110", 'gap: "${100 + 900 / v}"')
    event = '  - {name: in, actor: other, when: [{time: "${TIME}"}], do: [{lane: -1}]}\n'
    for time in ("0.19 * v", "3.4 - 0.1 * v"):
        path.write_text(head + event.replace("TIME", time))
        checked = check_file(str(folder / "program.py"))
        template = read_template(path, find_connection(None, folder / "program.py"))
        many = ManyRuns(Programs(checked.program, checked.main), template)
        runs = list(range(template.runs.count))
        assert len(runs) > 200
        alone = together(many, runs, chunk=1)
        assert len({(o.ticks, o.tick, o.least_gap) for o in alone}) > 50
        for lanes in (16, 40, 256):
            assert together(many, runs, lanes=lanes, threads=2) == alone
        for run in runs[::41]:
            assert alone[run] == expected(checked, template, run)


TURNED = """<RelativeDistanceCondition entityRef="Other" freespace="true" value="$gap" rule="lessThan"
  relativeDistanceType="cartesianDistance" coordinateSystem="entity"/>"""
ASIDE = """<PrivateAction><LateralAction><LaneChangeAction>
  <LaneChangeActionDynamics dynamicsShape="sinusoidal" dynamicsDimension="time" value="1.5"/>
  <LaneChangeTarget><RelativeTargetLane entityRef="Other" value="-1"/></LaneChangeTarget>
</LaneChangeAction></LateralAction></PrivateAction>"""
SLOW, FAST = '<SpeedCondition value="6" rule="lessThan"/>', '<SpeedCondition value="8.5" rule="greaterThan"/>'
KEEP = """<PrivateAction><LongitudinalAction><LongitudinalDistanceAction entityRef="Ego" continuous="true"
  freespace="true" distance="$gap" displacement="leadingReferencedEntity"><DynamicConstraints maxAcceleration="2"
  maxDeceleration="3" maxSpeed="30"/></LongitudinalDistanceAction></LongitudinalAction></PrivateAction>"""
BESIDE = """<PrivateAction><LateralAction><LateralDistanceAction entityRef="Ego" continuous="true" freespace="true"
  distance="0.5" displacement="leftToReferencedEntity"/></LateralAction></PrivateAction>"""
XOSC = {
    "a distance that is kept": x.event("keep", x.at("0.5"), KEEP) + x.event("beside", x.at("5.5"), BESIDE, "parallel"),
    "a turned box, and a distance in the plane": x.event("aside", x.by_entity(TURNED), ASIDE),
    "events again and again": (
        x.event("on", x.by_entity(SLOW, "Other"), x.speed("9", "linear", "rate", "$gap"), count="3")
        + x.event("off", x.by_entity(FAST, "Other"), x.speed("4", "cubic", "time", "0.8"), "parallel", "4")
    ),
}


@pytest.mark.parametrize("name", XOSC)
def test_openscenario_too(folder: Path, name: str) -> None:
    declared = "<ParameterDeclaration name='gap' parameterType='double' value='10'/>"
    init = x.INIT.replace('s="50"', 's="22"').replace('value="10"', 'value="14"', 1)
    straight = x.ROAD.replace('<spiral curvStart="0" curvEnd="0.002"/>', "<line/>")
    x.write(folder, x.scenario(x.story(XOSC[name]), init, declared, x.at("6")), straight)
    (folder / "variation.xosc").write_text(
        x.variation(
            "<DeterministicSingleParameterDistribution parameterName='gap'><DistributionRange stepWidth='1'>"
            "<Range lowerLimit='3' upperLimit='8'/></DistributionRange></DeterministicSingleParameterDistribution>"
        )
    )
    checked = check_file(str(folder / "program.py"))
    template = read_template(folder / "variation.xosc", find_connection(None, folder / "program.py"))
    found = together(ManyRuns(Programs(checked.program, checked.main), template), list(range(6)))
    assert found == [expected(checked, template, run) for run in range(6)]
    assert len({o.least_gap for o in found}) > 2


def test_what_lanes_do_not_compute_is_said(folder: Path) -> None:
    """A heading that differs between runs asks for a sine; the engine has it, its step code has not."""
    turned = x.lane("-1", "50").replace("/></Position>", "><Orientation h='$angle'/></LanePosition></Position>")
    init = x.INIT.replace(x.lane("-1", "50"), turned)
    declared = "<ParameterDeclaration name='angle' parameterType='double' value='0.1'/>"
    x.write(folder, x.scenario("", init, declared))
    (folder / "variation.xosc").write_text(
        x.variation(
            "<DeterministicSingleParameterDistribution parameterName='angle'><DistributionSet><Element value='0.1'/>"
            "<Element value='0.2'/></DistributionSet></DeterministicSingleParameterDistribution>"
        )
    )
    checked = check_file(str(folder / "program.py"))
    template = read_template(folder / "variation.xosc", find_connection(None, folder / "program.py"))
    with pytest.raises(NotSpecialisedError, match="cos"):
        ManyRuns(Programs(checked.program, checked.main), template).prepare(np.arange(2))


@pytest.mark.parametrize("name", ["ccrs", "ccrm", "ccrb"])
def test_the_flagship_among_the_actors_of_euro_ncap(name: str) -> None:
    checked = flagship()
    template = read_template(
        SCENARIOS / "euro_ncap" / f"{name}.yaml", find_connection(None, SCENARIOS / "highway_acc" / "pipeline.py")
    )
    runs = list(range(template.runs.count))
    found = together(ManyRuns(Programs(checked.program, checked.main), template), runs)
    assert all(o.verdict is Verdict.PASSED and not o.collided and o.least_gap > 0.9 for o in found)


def test_the_flagship_is_not_made_for_turns_across_a_path() -> None:
    """A target from the side is no lead until it is in the lane; then an assumption fails, before the cars touch."""
    checked = flagship()
    template = read_template(
        SCENARIOS / "euro_ncap" / "ccftap.yaml", find_connection(None, SCENARIOS / "highway_acc" / "pipeline.py")
    )
    found = together(ManyRuns(Programs(checked.program, checked.main), template), list(range(9)))
    assert all(o.verdict is Verdict.OUTSIDE and o.collided for o in found)


@cache
def flagship() -> Checked:
    return check_file(str(SCENARIOS / "highway_acc" / "pipeline.py"))
