"""OpenSCENARIO and OpenDRIVE: what is read does what it says, what is not is reported with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncml.diagnostics.model import DiagnosticError
from syncml.scenario.roads import to_world
from syncml.scenario.storyboard import SetSpeed
from syncml.scenario.templates import Template, read_template
from tests.support import openscenario as x
from tests.support.actors import Played, play

LANE_CHANGE = """<PrivateAction><LateralAction><LaneChangeAction {more}>
  <LaneChangeActionDynamics dynamicsShape="sinusoidal" dynamicsDimension="time" value="2"/>
  <LaneChangeTarget>{target}</LaneChangeTarget></LaneChangeAction></LateralAction></PrivateAction>"""


def played(folder: Path, text: str, seconds: float = 8.0) -> Played:
    return play(read_template(x.write(folder, text)), seconds)


def changes(folder: Path, condition: str, **more: str) -> int:
    """The tick at which an event with a condition starts: it sets the other actor's speed to 1."""
    found = played(folder, x.scenario(x.story(x.event("e", condition, x.speed("1"))), **more))
    return int(np.argmax(found.speed[:, 1] == 1.0)) if (found.speed[:, 1] == 1.0).any() else -1


def test_places_of_all_frames(tmp_path: Path) -> None:
    names = ["Ego", "A", "B", "C", "D", "E", "F"]
    places = [
        x.lane("-1", "10", 'offset="0.5"'),
        '<Position><RelativeLanePosition entityRef="Ego" dLane="1" ds="20" offset="0.25"/></Position>',
        '<Position><RoadPosition roadId="0" s="40" t="-4.5"/></Position>',
        '<Position><WorldPosition x="60" y="-1.5"/></Position>',
        '<Position><RelativeRoadPosition entityRef="Ego" ds="5" dt="-3"/></Position>',
        '<Position><RelativeObjectPosition entityRef="Ego" dx="30" dy="1"/></Position>',
        '<Position><RelativeWorldPosition entityRef="Ego" dx="-4" dy="-2"/></Position>',
    ]
    # The places that others refer to may come last.
    init = "".join(
        f'<Private entityRef="{n}">{x.teleport(p)}</Private>'
        for n, p in reversed(list(zip(names, places, strict=True)))
    )
    found = played(tmp_path, x.scenario(init=init, entities="".join(map(x.entity, names))), 0.1)
    assert found.s[0] == pytest.approx([10, 30, 40, 60, 15, 40, 6])
    assert found.t[0] == pytest.approx([-1, 2.25, -4.5, -1.5, -4, 0, -3])
    assert found.lane[0].tolist() == [-1, 1, -2, -1, -2, -1, -1]


def test_the_dynamics_of_a_speed(tmp_path: Path) -> None:
    story = x.story(x.event("e", x.at("1"), x.speed("20", "linear", "rate", "5")))
    found = played(tmp_path, x.scenario(story))
    assert found.speed[:, 1] == pytest.approx(np.clip(10 + 5 * (found.time - 1.0), 10, 20))


def test_a_profile_of_speeds(tmp_path: Path) -> None:
    action = """<PrivateAction><LongitudinalAction><SpeedProfileAction followingMode="position">
      <SpeedProfileEntry time="2" speed="14"/><SpeedProfileEntry time="1" speed="8"/>
    </SpeedProfileAction></LongitudinalAction></PrivateAction>"""
    found = played(tmp_path, x.scenario(x.story(x.event("e", x.at("1"), action))))
    assert found.speed[:, 1] == pytest.approx(np.interp(found.time, [1, 3, 4], [10, 14, 8]))


@pytest.mark.parametrize(
    ("target", "more", "t"),
    [
        ('<AbsoluteTargetLane value="-2"/>', "", -4.5),
        ('<AbsoluteTargetLane value="-2"/>', 'targetLaneOffset="0.5"', -4.0),
        ('<RelativeTargetLane entityRef="Ego" value="-1"/>', "", -4.5),
        # There is no lane 0: left of -1 comes 1.
        ('<RelativeTargetLane entityRef="Other" value="1"/>', "", 2.0),
    ],
)
def test_lane_changes(tmp_path: Path, target: str, more: str, t: float) -> None:
    action = LANE_CHANGE.format(target=target, more=more)
    found = played(tmp_path, x.scenario(x.story(x.event("e", x.at("1"), action))))
    part = np.clip((found.time - 1.0) / 2.0, 0.0, 1.0)
    assert found.t[:, 1] == pytest.approx(-1.5 + (t + 1.5) * (0.5 - 0.5 * np.cos(np.pi * part)), abs=1e-9)


def test_a_distance_in_seconds_is_between_boxes(tmp_path: Path) -> None:
    action = """<PrivateAction><LongitudinalAction><LongitudinalDistanceAction entityRef="Ego" continuous="false"
      freespace="true" timeGap="2" displacement="{}"/></LongitudinalAction></PrivateAction>"""
    for side, s in (("leadingReferencedEntity", 10 + 20 + 4), ("trailingReferencedEntity", 10 - 20 - 4)):
        init = (
            x.INIT.replace("</Private>\n", "</Private>").removesuffix("</Private>") + action.format(side) + "</Private>"
        )
        assert played(tmp_path, x.scenario(init=init), 0.1).s[0, 1] == pytest.approx(s)


def test_a_trajectory_with_times(tmp_path: Path) -> None:
    points = ((0, "60", "-1"), (2, "60", "1"))
    vertices = "".join(f'<Vertex time="{t}">{x.lane(lane, s)}</Vertex>' for t, s, lane in points)
    action = f"""<PrivateAction><RoutingAction><FollowTrajectoryAction>
      <TrajectoryRef><Trajectory name="t" closed="false"><Shape><Polyline>{vertices}</Polyline></Shape></Trajectory>
      </TrajectoryRef>
      <TimeReference><Timing domainAbsoluteRelative="relative" scale="2" offset="0"/></TimeReference>
      <TrajectoryFollowingMode followingMode="position"/></FollowTrajectoryAction></RoutingAction></PrivateAction>"""
    found = played(tmp_path, x.scenario(x.story(x.event("e", x.at("1"), action))))
    assert found.t[101:, 1] == pytest.approx(np.interp(found.time, [1, 5], [-1.5, 2.0])[101:], abs=1e-9)
    assert found.s[101:, 1] == pytest.approx(60.0)


@pytest.mark.parametrize(("more", "turned"), [("", 0.75), ('h="0.1"', 0.75), ("orientation", 0.0)])
def test_an_actor_turns_on_a_trajectory_without_orientations(tmp_path: Path, more: str, turned: float) -> None:
    """From (1060, 0) to (1064, 3) in the plane, where a clothoid bends the road."""
    inside = '><Orientation type="relative" h="0"/></WorldPosition>' if more == "orientation" else "/>"
    of_x = "" if more == "orientation" else more
    vertices = "".join(
        f'<Vertex time="{t}"><Position><WorldPosition x="{px}" y="{py}" {of_x}{inside}</Position></Vertex>'
        for t, px, py in ((0, 1060, 0), (5, 1064, 3))
    )
    action = f"""<PrivateAction><RoutingAction><FollowTrajectoryAction>
      <TrajectoryRef><Trajectory name="t" closed="false"><Shape><Polyline>{vertices}</Polyline></Shape></Trajectory>
      </TrajectoryRef><TimeReference><Timing domainAbsoluteRelative="relative" scale="1" offset="0"/></TimeReference>
      <TrajectoryFollowingMode followingMode="position"/></FollowTrajectoryAction></RoutingAction></PrivateAction>"""
    found = played(tmp_path, x.scenario(x.story(x.event("e", x.at("1"), action))))
    px, py, along = to_world(found.line, found.s[350, 1], found.t[350, 1])
    assert (px, py) == pytest.approx((1062.0, 1.5), abs=0.006)
    assert np.tan(found.heading[350, 1] + (along if turned else 0.0)) == pytest.approx(turned, abs=0.01)


VARIABLE = (
    '<VariableDeclarations><VariableDeclaration name="V" variableType="double" value="1"/></VariableDeclarations>'
)


@pytest.mark.parametrize(
    ("condition", "tick"),
    [
        (x.by_value('<SimulationTimeCondition value="2" rule="greaterThan"/>'), 201),
        (x.by_value('<SimulationTimeCondition value="2" rule="greaterOrEqual"/>', "rising", "1.5"), 350),
        (x.by_entity('<TraveledDistanceCondition value="30"/>'), 300),
        (x.by_entity(f'<ReachPositionCondition tolerance="2">{x.lane("-1", "40")}</ReachPositionCondition>'), 280),
        (x.by_entity('<DistanceCondition value="5.05" freespace="false" rule="lessThan">'
                     '<Position><WorldPosition x="50" y="-1.5"/></Position></DistanceCondition>'), 350),
        (x.by_entity('<SpeedCondition value="9" rule="greaterThan"/>'), 0),
        (x.by_entity('<RelativeSpeedCondition entityRef="Other" value="0" rule="equalTo"/>'), 0),
        (x.by_entity('<StandStillCondition duration="1"/>'), -1),
        (x.by_entity('<EndOfRoadCondition duration="0"/>'), -1),
        (x.by_entity('<AccelerationCondition value="1" rule="greaterThan"/>'), -1),
        (x.by_entity('<CollisionCondition><EntityRef entityRef="Other"/></CollisionCondition>'), -1),
        (x.by_entity('<RelativeDistanceCondition entityRef="Other" value="36" freespace="true" rule="lessOrEqual"'
                     ' relativeDistanceType="longitudinal" coordinateSystem="road"/>'), 0),
        (x.by_entity('<RelativeDistanceCondition entityRef="Other" value="39" freespace="false" rule="lessThan"'
                     ' relativeDistanceType="cartesianDistance"/>'), -1),
        (x.by_entity('<TimeHeadwayCondition entityRef="Other" value="3.7" freespace="true" rule="lessThan"'
                     ' coordinateSystem="road"/>'), 0),
        (x.by_entity('<TimeToCollisionCondition value="3" freespace="true" rule="lessThan"'
                     ' relativeDistanceType="longitudinal" coordinateSystem="road"><TimeToCollisionConditionTarget>'
                     '<EntityRef entityRef="Other"/>'
                     '</TimeToCollisionConditionTarget></TimeToCollisionCondition>'), -1),
        (x.by_value('<StoryboardElementStateCondition storyboardElementType="act" storyboardElementRef="act"'
                    ' state="runningState"/>'), 1),
        (x.by_value('<VariableCondition variableRef="V" value="1" rule="equalTo"/>'), 0),
    ],
)  # fmt: skip
def test_a_condition_starts_an_event(tmp_path: Path, condition: str, tick: int) -> None:
    assert changes(tmp_path, condition, more=VARIABLE) == tick


def test_parameters_are_set_and_changed_while_the_scenario_runs(tmp_path: Path) -> None:
    parameter = '<ParameterDeclaration name="P" parameterType="double" value="3"/>'
    add = """<GlobalAction><ParameterAction parameterRef="P"><ModifyAction><Rule>
      <AddValue value="2"/></Rule></ModifyAction></ParameterAction></GlobalAction>"""
    times = add.replace("AddValue", "MultiplyByValue")
    condition = x.by_value('<ParameterCondition parameterRef="P" value="10" rule="equalTo"/>')
    events = x.event("a", x.at("1"), add) + x.event("b", x.at("2"), times) + x.event("c", condition, x.speed("1"))
    found = played(tmp_path, x.scenario(x.story(events), parameters=parameter))
    assert int(np.argmax(found.speed[:, 1] == 1.0)) == 201


def test_priorities_and_repeats(tmp_path: Path) -> None:
    slow = x.event("slow", x.at("1"), x.speed("0", "linear", "time", "4"))
    for priority, last in (("overwrite", 12.0), ("skip", 0.0)):
        fast = x.event("fast", x.at("2"), x.speed("12"), priority)
        found = played(tmp_path, x.scenario(x.story(slow + fast)))
        assert found.speed[-1, 1] == pytest.approx(last)
    again = x.by_value('<SimulationTimeCondition value="1" rule="greaterThan"/>')
    bump = x.event("again", again, x.speed("1", "linear", "time", "1"), count="2")
    reset = x.event("reset", x.at("2.5"), x.speed("9"), "parallel")
    found = played(tmp_path, x.scenario(x.story(bump) + x.story(reset).replace('name="', 'name="second')))
    assert found.speed[-1, 1] in (1.0, 9.0)


def test_expressions_texts_and_constraints(tmp_path: Path) -> None:
    parameters = """
      <ParameterDeclaration name="V" parameterType="double" value="36">
        <ConstraintGroup><ValueConstraint rule="lessThan" value="${$Limit}"/></ConstraintGroup>
        <ConstraintGroup><ValueConstraint rule="equalTo" value="90"/></ConstraintGroup>
      </ParameterDeclaration>
      <ParameterDeclaration name="Limit" parameterType="double" value="${$Base * 2}"/>
      <ParameterDeclaration name="Base" parameterType="double" value="25"/>
      <ParameterDeclaration name="Model" parameterType="string" value="small"/>"""
    init = x.INIT.replace('value="10"', 'value="${$V / 3.6 + sign($Base) - 1}"')
    entities = (x.entity("Ego") + x.entity("Other")).replace('"small"', '"$Model"')
    x.write(tmp_path, x.scenario(init=init, parameters=parameters, entities=entities))
    path = tmp_path / "variation.xosc"
    path.write_text(
        x.variation("""
      <DeterministicSingleParameterDistribution parameterName="V"><DistributionRange stepWidth="18">
        <Range lowerLimit="36" upperLimit="90"/></DistributionRange></DeterministicSingleParameterDistribution>
      <DeterministicMultiParameterDistribution><ValueSetDistribution>
        <ParameterValueSet><ParameterAssignment parameterRef="Base" value="20"/></ParameterValueSet>
        <ParameterValueSet><ParameterAssignment parameterRef="Base" value="40"/></ParameterValueSet>
      </ValueSetDistribution></DeterministicMultiParameterDistribution>
      <DeterministicSingleParameterDistribution parameterName="Model"><DistributionSet>
        <Element value="small"/></DistributionSet></DeterministicSingleParameterDistribution>""")
    )
    template: Template = read_template(path)
    assert template.runs.count == 8
    assert template.runs.admitted(np.arange(8)).tolist() == [True, True, False, True, False, True, True, True]
    assert template.runs.settings(3) == {"V": 54.0, "Base": 40.0, "Model": "small"}
    assert template.stage is not None
    board = template.stage(template.runs.settings(3))[1]
    speed = next(s.action for s in board.initial if isinstance(s.action, SetSpeed))
    assert float(speed.target.value(template.runs.numbers(3))) == pytest.approx(15.0)


PLAIN = x.scenario()
SYNC = "<PrivateAction><SynchronizeAction masterEntityRef='Ego'/></PrivateAction>"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "D008"),
        ("<OpenSCENARIO>", "D008"),
        ("<OpenDRIVE/>", "D008"),
        ("no xml", "D008"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>" + PLAIN.split("?>")[1], "D008"),
        ("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hosts'>]>" + PLAIN.split("?>")[1].replace("test", "&b;"), "D008"),
        ("<OpenSCENARIO/>", "D008"),
        (x.scenario(version="4"), "S010"),
        (x.scenario(x.story(x.event("e", x.at("1"), SYNC))), "S010"),
        (x.scenario(init=x.INIT + "<UserDefined/>"), "S010"),
        (x.scenario(x.story(x.event("e", x.by_entity("<OffroadCondition duration='0'/>"), x.speed("1")))), "S010"),
        (x.scenario(x.story(x.event("e", x.at("1"), x.speed("1", "wave")))), "S010"),
        (x.scenario(x.story(x.event("e", x.at("soon"), x.speed("1")))), "D008"),
        (x.scenario(x.story(x.event("e", x.at("NaN"), x.speed("1")))), "D008"),
        (x.scenario(x.story(x.event("e", x.at("${1 / 0}"), x.speed("1")))), "S007"),
        (x.scenario(x.story(x.event("e", x.at("${1 +}"), x.speed("1")))), "S007"),
        (x.scenario(x.story(x.event("e", x.at("$Missing"), x.speed("1")))), "S011"),
        (x.scenario(x.story(x.event("e", x.at("1"), x.speed("1")), "Nobody")), "S011"),
        (x.scenario(init=x.INIT.replace('laneId="-1"', 'laneId="-7"')), "S011"),
        (x.scenario(entities=x.entity("Ego") + x.entity("Other").replace("small", "huge")), "S011"),
        (x.scenario(entities=x.entity("Ego") + x.entity("Other").replace("cars", "carts")), "S011"),
        (x.scenario(entities=x.entity("A") + x.entity("Other")), "S011"),
        (x.scenario(x.story(x.event("e", x.by_value(
            "<StoryboardElementStateCondition storyboardElementRef='none' state='endTransition'/>"), x.speed("1")))),
         "S011"),
        (x.scenario(init="".join(
            f"<Private entityRef='{a}'>" + x.teleport(
                f"<Position><RelativeLanePosition entityRef='{b}' dLane='0' ds='5'/></Position>") + "</Private>"
            for a, b in (("Ego", "Other"), ("Other", "Ego")))), "S012"),
        (x.scenario(parameters="".join(
            f"<ParameterDeclaration name='{a}' parameterType='double' value='${{${b}}}'/>"
            for a, b in (("A", "B"), ("B", "A")))), "S012"),
        (x.scenario(parameters="<ParameterDeclaration name='A' parameterType='double' value='1'><ConstraintGroup>"
                    "<ValueConstraint rule='lessThan' value='1'/></ConstraintGroup></ParameterDeclaration>"), "S008"),
        (x.scenario(parameters="<ParameterDeclaration name='A' parameterType='double' value='x'/>"), "D008"),
        (PLAIN.replace("road.xodr", "missing.xodr"), "D001"),
        (PLAIN.replace('path="catalogs"', 'path="missing"'), "D001"),
    ],
)  # fmt: skip
def test_a_fault_has_a_code_and_a_place(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        play(read_template(x.write(tmp_path, text)), 0.1)
    found = caught.value.diagnostics[0]
    assert found.code == code
    assert found.span is not None and Path(found.span.file).parent == tmp_path


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("<line/>", "<paramPoly3/>", "S010", 5),
        ('length="1000"', 'length="0"', "S009", 5),
        ('x="1000"', 'x="1001"', "S009", 6),
        ('x="1000"', 'x="nan"', "D008", 6),
        ('curvEnd="0.002"', 'curvEnd="-0.9"', "S009", 6),
        ("<lanes>", "<lanes><lane/>", "S010", 8),
        ("</OpenDRIVE>", "<junction/></OpenDRIVE>", "S010", 20),
        ('rule="RHT"', 'rule="any"', "S010", 3),
        (' a="4"', "", "D008", 11),
        (' a="4"', ' a="-4"', "S009", 5),
    ],
)
def test_a_fault_of_a_road_has_a_code_and_a_line(tmp_path: Path, old: str, new: str, code: str, line: int) -> None:
    with pytest.raises(DiagnosticError) as caught:
        read_template(x.write(tmp_path, PLAIN, x.ROAD.replace(old, new, 1)))
    found = caught.value.diagnostics[0]
    assert (found.code, found.span.line if found.span else None) == (code, line)


def test_every_unsupported_element_is_reported_once(tmp_path: Path) -> None:
    events = "".join(x.event(f"e{i}", x.at("1"), x.speed("1") + "<Odd/>") for i in range(3))
    with pytest.raises(DiagnosticError) as caught:
        read_template(x.write(tmp_path, x.scenario(x.story(events))))
    assert [found.code for found in caught.value.diagnostics] == ["S010"] * 3
    assert len({found.span for found in caught.value.diagnostics}) == 3


@pytest.mark.parametrize(
    ("distribution", "code"),
    [
        ("<DeterministicSingleParameterDistribution parameterName='B'><DistributionSet/>"
         "</DeterministicSingleParameterDistribution>", "S011"),
        ("<DeterministicSingleParameterDistribution parameterName='A'><DistributionSet/>"
         "</DeterministicSingleParameterDistribution>", "D008"),
        ("<DeterministicSingleParameterDistribution parameterName='A'><DistributionRange stepWidth='0'>"
         "<Range lowerLimit='0' upperLimit='1'/></DistributionRange></DeterministicSingleParameterDistribution>",
         "S008"),
        ("<DeterministicSingleParameterDistribution parameterName='A'><UserDefinedDistribution/>"
         "</DeterministicSingleParameterDistribution>", "S010"),
        ("<Stochastic/>", "S010"),
    ],
)  # fmt: skip
def test_a_fault_of_a_distribution_has_a_code(tmp_path: Path, distribution: str, code: str) -> None:
    x.write(tmp_path, x.scenario(parameters="<ParameterDeclaration name='A' parameterType='double' value='1'/>"))
    path = tmp_path / "variation.xosc"
    path.write_text(x.variation(distribution))
    with pytest.raises(DiagnosticError, match=code):
        read_template(path)


def test_a_variation_of_a_variation_is_a_circle(tmp_path: Path) -> None:
    path = tmp_path / "variation.xosc"
    path.write_text(x.variation("", "variation.xosc"))
    with pytest.raises(DiagnosticError, match="S012"):
        read_template(path)


def test_a_million_lines_are_read(tmp_path: Path) -> None:
    path = x.write(tmp_path, PLAIN.replace("<Storyboard>", "\n" * 1_000_000 + "<Storyboard><Odd/>"))
    with pytest.raises(DiagnosticError) as caught:
        read_template(path)
    found = caught.value.diagnostics[0]
    assert found.code == "S010" and found.span is not None and found.span.line > 1_000_000


def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    bomb = "".join(f"<!ENTITY e{i} '{f'&e{i - 1};' * 10}'>" for i in range(1, 12))
    for entity in (f"<!ENTITY e0 'boom'>{bomb}", "<!ENTITY e11 SYSTEM 'file:///dev/zero'>"):
        text = f"<!DOCTYPE OpenSCENARIO [{entity}]>" + PLAIN.split("?>")[1].replace(
            'author="us"', 'author="us" a="1"', 1
        )
        for inside in ("<x>&e11;</x>", ""):
            (path := tmp_path / "bomb.xosc").write_text(text.replace("<Entities>", inside + "<Entities>"))
            with pytest.raises(DiagnosticError, match="D008"):
                read_template(path)


def test_without_lxml_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lxml.etree", None)
    with pytest.raises(DiagnosticError, match="D006") as caught:
        read_template(x.write(tmp_path, PLAIN))
    assert caught.value.diagnostics[0].help == "pip install 'syncml[scenarios]'"
