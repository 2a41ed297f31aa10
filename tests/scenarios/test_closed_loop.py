"""A program among actors: every engine gives the same bits, and the program's world is that of the actors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from syncml.cli import main
from syncml.cli.schemas import schema_file
from syncml.diagnostics.model import DiagnosticError
from syncml.ir.equations.syntax import Node
from syncml.pipeline import check_file
from syncml.scenario.arrays import LANE, T
from syncml.scenario.closed_loop import run_compiled, run_interpreted
from syncml.scenario.suite import Verdict, chosen, judge
from syncml.scenario.templates import find_connection, read_template
from syncml.sim.compiled import Simulation, compile_program
from syncml.sim.monitor import monitor
from syncml.sim.trace import first_difference
from tests.support import openscenario as x

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
FLAGSHIP, EURO_NCAP = SCENARIOS / "highway_acc", SCENARIOS / "euro_ncap"
PROGRAM = '''
from syncml import Hz, Stream, clip, ensure, f32, assume, node, state, where


@node(rate=Hz(20))
def follow(
    gap: Stream[f32], lead: Stream[f32], wanted: Stream[f32], new: Stream[bool], hit: Stream[bool], lost: Stream[bool]
) -> tuple[Stream[f32], Stream[f32], Stream[bool]]:
    """Keep a time gap of 1.5 s to the lead."""
    speed, first = state(init=0.0), state(init=True)
    now = where(first, wanted, speed)
    speed.next = now + 0.05 * clip(0.3 * (gap - 4.0 - 1.5 * now) + 0.9 * (lead - now), -6.0, 2.0)
    first.next = False
    assume(gap >= -1.0, "not inside of the lead")
    ensure(gap >= 1.0, "no collision")
    offset = 0.01 * now
    ensure(~(new & lost), "nothing is lost when it is new")
    return now, offset, new | hit
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
"""
CUT_IN = """
name: cut in
duration: 20
connection: connection.yaml
parameters: {v: {values: [50, 70, 90], unit: km/h}, dx: {first: 30, last: 50, step: 20}}
require: ["v * 1 s < 22", "dx > 0"]
road: {line: [{length: 100}, {length: 100, curvature: [0, 0.004]}, {length: 900, curvature: 0.004}], right: [3.5, 3.5]}
actors:
  ego: {lane: -1, at: 20, speed: "${v}"}
  other: {lane: -2, ahead_of: ego, gap: "${dx} m", speed: "${0.7 * v}"}
events:
  - {name: in, actor: other, when: [{time: 2 s}], do: [{lane: -1, time: 2 s}]}
  - {name: brake, actor: other, when: [{after: in}], do: [{speed: 0, rate: 3 m/s**2, shape: sinusoidal}]}
stop: [{standstill: other, for: 1 s}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "connection.yaml").write_text(CONNECTION)
    (tmp_path / "cut_in.yaml").write_text(CUT_IN.replace("v * 1 s", "v"))
    return tmp_path


def test_interpreter_and_compiled_code_give_the_same_bits(folder: Path) -> None:
    checked = check_file(str(folder / "program.py"))
    node, template = checked.main, read_template(folder / "cut_in.yaml")
    simulation = compile_program(checked.program)
    lengths: set[int] = set()
    for run in (0, 1, 3):
        ticks = template.ticks(node, run)
        scene = template.scene(node, run)
        assert scene is not None
        inputs = template.values(node, ticks, run)
        compiled = run_compiled(simulation, scene, inputs, ticks)
        interpreted = run_interpreted(checked.flat, scene, inputs, ticks)
        shown = interpreted.trace.only(compiled.trace.names())
        assert first_difference(shown, compiled.trace) is None
        assert compiled.end is not None and interpreted.end is not None
        for one, other in zip(compiled.end, interpreted.end, strict=True):
            assert one.tobytes() == other.tobytes()
        lengths.add(compiled.trace.ticks)
        gap = compiled.trace.column("gap").values
        lost = compiled.trace.column("lost").values
        assert 0.3 < lost.mean() < 0.7 and not (lost & compiled.trace.column("new").values).any()
        new = np.flatnonzero(compiled.trace.column("new").values)
        assert gap[0] == 150.0 and gap[-1] < 60.0
        assert len(new) == 4, "nothing is ahead at first, and then the one that cuts in; each for 0.1 s"
    assert len(lengths) > 1 and max(lengths) < 400


def test_the_gap_that_a_program_keeps_is_that_of_the_actors(folder: Path, flagship: tuple[Node, Simulation]) -> None:
    """The flagship integrates its own gap from what it senses; it stays with that of the actors."""
    node, simulation = flagship
    text = CUT_IN.replace("v * 1 s", "v").replace("connection.yaml", str(FLAGSHIP / "connection.yaml"))
    # A box that is turned reaches farther back; here it is not.
    (folder / "flagship.yaml").write_text(text.replace("{lane: -1, time: 2 s}", "{lane: -1}"))
    template = read_template(folder / "flagship.yaml")
    scene = template.scene(node)
    assert scene is not None
    inputs = template.values(node, 700)
    ran = run_compiled(simulation, scene, inputs, 700)
    sensed, kept = ran.trace.column("target_gap").values, ran.trace.column("gap").values
    after = int(np.argmax(sensed < 200.0)) + 4
    assert after > 200 and np.abs(sensed[after:] - kept[after:]).max() < 0.01


@pytest.fixture(scope="module")
def flagship() -> tuple[Node, Simulation]:
    checked = check_file(str(FLAGSHIP / "pipeline.py"))
    return checked.flat, compile_program(checked.program, frozenset(p.holds.name for p in checked.flat.properties))


@pytest.mark.parametrize("name", ["ccrs", "ccrm", "ccrb"])
def test_the_flagship_passes_euro_ncap(flagship: tuple[Node, Simulation], name: str) -> None:
    node, simulation = flagship
    template = read_template(EURO_NCAP / f"{name}.yaml", find_connection(None, FLAGSHIP / "pipeline.py"))
    assert template.runs.count == {"ccrs": 75, "ccrm": 55, "ccrb": 4}[name]
    for number in chosen(template, 8)[0]:
        scene = template.scene(node, number)
        assert scene is not None
        ticks = template.ticks(node, number)
        ran = run_compiled(simulation, scene, template.values(node, ticks, number), ticks)
        assert judge(monitor(node, ran.trace)) == (Verdict.PASSED, "", -1)
        assert ran.collision is None and 0.9 < ran.least_gap < 100.0


@pytest.mark.parametrize(
    ("do", "connection", "refused"),
    [
        ("{speed: 3}", CONNECTION, True),
        ("{path: [[0, 1, 1], [1, 2, 2]]}", CONNECTION, True),
        ("{lane: -2, time: 1}", CONNECTION, False),
        ("{lane: -2, time: 1}", CONNECTION.replace("speed: now", "speed: now, offset: offset"), True),
    ],
)
def test_the_storyboard_does_not_drive_what_the_program_drives(
    folder: Path, do: str, connection: str, refused: bool
) -> None:
    (folder / "connection.yaml").write_text(connection)
    path = folder / "cut_in.yaml"
    event = f"  - {{name: own, actor: ego, when: [{{time: 0.5}}], do: [{do}]}}\nstop:"
    path.write_text(path.read_text().replace("stop:", event))
    if refused:
        with pytest.raises(DiagnosticError, match="S010"):
            read_template(path)
        return
    checked, template = check_file(str(folder / "program.py")), read_template(path)
    scene = template.scene(checked.main)
    assert scene is not None
    end = run_interpreted(checked.flat, scene, template.values(checked.main, 40), 40).end
    assert end is not None and end.motion[0, LANE] == -2.0 and end.motion[0, T] == pytest.approx(-5.25)


def test_a_collision_is_a_failure_that_the_program_need_not_know_of(folder: Path) -> None:
    """The other actor backs into the ego; the program senses its speed as it is."""
    (folder / "back.yaml").write_text("""
name: back
duration: 4
connection: connection.yaml
road: {line: [{length: 500}]}
actors:
  ego: {at: 100, speed: 0}
  other: {ahead_of: ego, gap: 5, speed: -20}
""")
    checked, template = check_file(str(folder / "program.py")), read_template(folder / "back.yaml")
    scene = template.scene(checked.main)
    assert scene is not None
    ran = run_interpreted(checked.flat, scene, template.values(checked.main, 80), 80)
    assert ran.collision is not None and abs(ran.collision - 6) <= 1
    assert (ran.trace.column("lead").values[:5] == -20.0).all()
    assert judge([], ran.collision) == (Verdict.FAILED, "the ego touches another actor", ran.collision)


def test_every_engine_refuses_an_input_that_there_is_not(folder: Path) -> None:
    checked, template = check_file(str(folder / "program.py")), read_template(folder / "cut_in.yaml")
    scene = template.scene(checked.main)
    assert scene is not None
    inputs = template.values(checked.main, 10) | {"other": [0.0] * 10}
    with pytest.raises(DiagnosticError, match="S001"):
        run_interpreted(checked.flat, scene, inputs, 10)
    with pytest.raises(DiagnosticError, match="S001"):
        run_compiled(compile_program(checked.program), scene, inputs, 10)


def test_a_batch_has_the_numbers_of_each_of_its_runs(folder: Path) -> None:
    text = CUT_IN.replace("v * 1 s", "v").replace("parameters: {", "parameters: {kind: {values: [a, b]}, ")
    (folder / "texts.yaml").write_text(text)
    template, node = read_template(folder / "texts.yaml"), check_file(str(folder / "program.py")).main
    runs = np.arange(template.runs.count)
    seen: list[int] = []
    for batch in template.batches(runs):
        for number, row in zip(batch.runs, batch.numbers, strict=True):
            scene = template.scene(node, int(number))
            assert scene is not None and scene.board is batch.board
            assert scene.numbers.tobytes() == row.tobytes()
            seen.append(int(number))
    assert sorted(seen) == list(runs) and len(runs) == 12


def run(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["syncml", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_a_suite_runs_every_admitted_run_of_every_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = folder / "suite"
    suite.mkdir()
    shutil.copy(folder / "cut_in.yaml", suite / "cut_in.yaml")
    (suite / "cut_in.yaml").write_text((suite / "cut_in.yaml").read_text().replace("connection: connection.yaml\n", ""))
    parameter = "<ParameterDeclaration name='V' parameterType='double' value='10'/>"
    x.write(suite, x.scenario(init=x.INIT.replace('value="10"', 'value="$V"', 1), parameters=parameter))
    (suite / "variation.xosc").write_text(
        x.variation(
            "<DeterministicSingleParameterDistribution parameterName='V'><DistributionSet><Element value='5'/>"
            "<Element value='12'/></DistributionSet></DeterministicSingleParameterDistribution>"
        )
    )
    program = str(folder / "program.py")
    arguments = ["sim", program, "--suite", str(suite), "--engine", "interp"]
    code, out, err = run([*arguments, "--format", "json"], monkeypatch, capsys)
    jsonschema.validate(json.loads(out), json.loads(schema_file("suite").read_text()))
    files = {Path(f["file"]).name: f for f in json.loads(out)["files"]}
    assert set(files) == {"cut_in.yaml", "variation.xosc"}, err
    assert (files["cut_in.yaml"]["runs"], files["cut_in.yaml"]["left_out"], files["cut_in.yaml"]["made"]) == (6, 2, 4)
    assert files["variation.xosc"]["made"] == 2
    for file in files.values():
        assert file["passed"] + file["failed"] + file["outside"] == file["made"]
    assert code == (1 if any(f["failed"] for f in files.values()) else 0)
    code, out, _ = run([*arguments, "--sample", "1"], monkeypatch, capsys)
    assert "2 runs" in out
    one = ["sim", program, "--scenario", str(suite / "cut_in.yaml"), "--engine", "interp"]
    code, out, _ = run([*one, "--run", "6"], monkeypatch, capsys)
    assert code == 2 and "no run 6" in out + _
    code, out, _ = run([*one, "--run", "4"], monkeypatch, capsys)
    assert code == 1 and "S008" in out + _


@pytest.mark.parametrize("outside", [False, True])
def test_a_run_alone_tells_of_a_collision(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], outside: bool
) -> None:
    """No clause of the program fails, and yet it does, unless an assumption failed before."""
    careless = PROGRAM.replace("-6.0, 2.0", "0.0, 2.0").replace('    ensure(gap >= 1.0, "no collision")\n', "")
    (folder / "program.py").write_text(careless.replace("gap >= -1.0", "gap >= 10.0") if outside else careless)
    arguments = ["sim", str(folder / "program.py"), "--scenario", str(folder / "cut_in.yaml")]
    code, out, err = run([*arguments, "--run", "0", "--engine", "interp"], monkeypatch, capsys)
    assert f"{'warning' if outside else 'error'}[S004]: the ego touches another actor from tick" in out, out + err
    assert ("the program promises nothing from there on" in out) is outside
    assert code == (0 if outside else 1)
    suite = ["sim", str(folder / "program.py"), "--suite", str(folder / "cut_in.yaml"), "--sample", "1"]
    assert run(suite, monkeypatch, capsys)[0] == code


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("speed: now", "speed: then", "S011"),
        ("sense: lead.gap", "sense: lead.gape", "S001"),
        ("gap: {sense: lead.gap}", "gap: {sense: lead.new}", "S003"),
        ("new: {sense: lead.new}", "new: {sense: lead.gap}", "S003"),
    ],
)
def test_a_fault_of_a_connection_has_a_code(folder: Path, old: str, new: str, code: str) -> None:
    (folder / "connection.yaml").write_text(CONNECTION.replace(old, new))
    node = check_file(str(folder / "program.py")).main
    with pytest.raises(DiagnosticError, match=code):
        template = read_template(folder / "cut_in.yaml")
        template.values(node, 10)
        template.scene(node)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("lane: -2, ahead", "lane: -3, ahead", "S011", 10),
        ("ahead_of: ego", "ahead_of: nobody", "S011", 10),
        ("actor: other, when: [{time", "actor: nobody, when: [{time", "S011", 12),
        ("after: in", "after: out", "S011", 13),
        ("after: in", "after: brake", "S012", 13),
        ('"${0.7 * v}"', '"${0.7 * w}"', "S007", 10),
        ('"${0.7 * v}"', '"${0.7 *}"', "S007", 10),
        ('"${0.7 * v}"', '"${0.7 * v} kg"', "S001", 10),
        ("speed: 0, rate", "speeds: 0, rate", "S001", 13),
        ("time: 2 s}", "time: 2 s, at: 3}", "S001", 12),
        ("lane: -1, time: 2 s", "lane: -1, time: 2 s, rate: 3", "S001", 12),
        ("gap: \"${dx} m\", ", "", "S001", 10),
        ("curvature: 0.004}], right", "curvature: 4.0}], right", "S009", 7),
        ("length: 100}", "length: -1}", "S001", 7),
        ("length: 100}", "length: .nan}", "S001", 7),
        ("name: brake", "name: in", "S001", 13),
    ],
)  # fmt: skip
def test_a_fault_of_a_scenario_has_a_code_and_a_line(folder: Path, old: str, new: str, code: str, line: int) -> None:
    path = folder / "cut_in.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DiagnosticError) as caught:
        read_template(path)
    found = caught.value.diagnostics[0]
    assert (found.code, found.span.line if found.span else None) == (code, line)
