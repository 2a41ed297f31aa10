"""The commands on a program, from end to end: what they print, what they write, how they exit."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from syncml.cli.exit import ExitCode
from syncml.cli.schemas import schema_file
from syncml.pipeline import passes

PROGRAM = Path(__file__).with_name("pipeline.py")

SCENARIO = """\
name: A step
duration: 1.0
inputs:
  v:
    points:
      - [0.0, 0.0]
      - [0.5, 1.0]
"""

BROKEN = """\
from syncml import Hz, Stream, f32, node, sample


@node(rate=Hz(20))
def control(v: Stream[f32]) -> Stream[f32]:
    return v + sample(v, to=Hz(10))
"""


ABSTRACT = """
from syncml import Hz, Stream, clip, ensure, f32, node

@node(abstract=True)
def policy(x: Stream[f32]) -> Stream[f32]:
    y = clip(x, 0.0, 1.0)
    ensure((y >= 0.0) & (y <= 1.0), "range")
    return y

@node(rate=Hz(10))
def main(x: Stream[f32]) -> Stream[f32]:
    chosen = policy(x)
    return chosen * 2.0
"""

EXACT = """
from syncml import Hz, Stream, integer, node, pre

@node(rate=Hz(10))
def main(x: Stream[integer]) -> Stream[integer]:
    total = x + pre(x, init=0)
    return total
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "step.yaml").write_text(SCENARIO)
    (tmp_path / "broken.py").write_text(BROKEN)
    return Path(shutil.copy(PROGRAM, tmp_path))


def document(text: str, schema: str) -> Any:
    """Parse a JSON document and hold it against its published schema."""
    found = json.loads(text)
    jsonschema.validate(found, json.loads(schema_file(schema).read_text()))
    return found


class TestCheck:
    def test_prints_the_streams_with_type_clock_and_rate(self, syncml: Callable, program: Path) -> None:
        result = syncml("check", "pipeline.py")
        assert result.code == ExitCode.OK
        lines = result.out.splitlines()
        assert lines[0] == "node control, 20 Hz"
        rows = [line.split() for line in lines[2:6]]
        assert [row[:5] for row in rows] == [
            ["v", "input", "f32", "20", "Hz"],
            ["cmd", "output", "f32", "20", "Hz"],
            ["slow", "local", "f32", "20", "Hz"],
            ["total", "local", "f32", "20", "Hz"],
        ]
        assert lines[-1] == "pipeline.py: well-typed, well-clocked, causal, initialised"

    def test_verbose_shows_every_node_and_quiet_none(self, syncml: Callable, program: Path) -> None:
        assert "node limiter, 20 Hz" in syncml("check", "pipeline.py", "-v").out
        assert syncml("check", "pipeline.py", "-q").out == ""

    @pytest.mark.parametrize("arguments", [["pipeline.py:limiter"], ["pipeline.py", "--node", "limiter"]])
    def test_a_node_is_chosen_in_two_ways(self, syncml: Callable, program: Path, arguments: list[str]) -> None:
        assert syncml("check", *arguments).out.startswith("node limiter")

    def test_json(self, syncml: Callable, program: Path) -> None:
        found = document(syncml("check", "pipeline.py", "--format", "json").out, "check")
        assert [node["label"] for node in found["nodes"]] == ["limiter", "control"]
        [v] = [stream for stream in found["nodes"][1]["streams"] if stream["name"] == "v"]
        expected = {
            "role": "input",
            "type": "f32",
            "unit": "",
            "clock": "base",
            "rate": "20 Hz",
            "ahead": 0,
            "late": False,
            "line": 14,
        }
        assert v == {"name": "v", **expected}

    def test_what_a_program_prints_stays_out_of_the_document(self, syncml: Callable, program: Path) -> None:
        program.write_text(program.read_text() + '\nprint("loading")\n')
        result = syncml("check", "pipeline.py", "--format", "json")
        document(result.out, "check")
        assert result.err == "loading\n"

    def test_a_fault_is_shown_at_its_line(self, syncml: Callable, program: Path) -> None:
        result = syncml("check", "broken.py")
        assert (result.code, result.out) == (ExitCode.REJECTED, "")
        assert result.err.startswith("error[C001]: ")
        assert "--> broken.py:6:" in result.err
        assert " 6 |     return v + sample(v, to=Hz(10))" in result.err

    @pytest.mark.parametrize(
        "command", [["check"], ["verify"], ["sim", "--steps", "1"], ["graph"], ["export", "-o", "c"]]
    )
    def test_every_command_reports_a_fault_as_json(self, syncml: Callable, program: Path, command: list[str]) -> None:
        result = syncml(*command, "broken.py", "--format", "json")
        assert result.code == ExitCode.REJECTED
        assert [each["code"] for each in document(result.out, "diagnostics")["diagnostics"]] == ["C001"]

    @pytest.mark.parametrize(
        ("form", "start"),
        [
            ("concise", "broken.py:6:12: error[C001] "),
            ("github", "::error file=broken.py,line=6,"),
            ("sarif", '{\n  "$schema"'),
        ],
    )
    def test_the_other_formats(self, syncml: Callable, program: Path, form: str, start: str) -> None:
        result = syncml("check", "broken.py", "--format", form)
        assert result.code == ExitCode.REJECTED
        assert result.out.startswith(start)
        well = syncml("check", "pipeline.py", "--format", form)
        assert well.code == ExitCode.OK
        assert "error" not in well.out

    def test_set_changes_a_parameter(self, syncml: Callable, program: Path) -> None:
        result = syncml("check", "pipeline.py:limiter", "--set", "bound=2.5", "--dump", "clocks")
        assert "2.5f32" in result.out
        assert syncml("check", "pipeline.py:limiter", "--set", "bond=2.5").code == ExitCode.REJECTED


class TestDump:
    def test_all_prints_every_pass_in_order(self, syncml: Callable, program: Path) -> None:
        out = syncml("check", "pipeline.py", "--dump", "all", "-q").out
        shown = [line.removeprefix("# after ") for line in out.splitlines() if line.startswith("# after ")]
        assert shown == list(passes())

    def test_one_pass(self, syncml: Callable, program: Path) -> None:
        out = syncml("check", "pipeline.py", "--dump", "translate", "-q").out
        assert out.count("# after ") == 1
        assert out.startswith("# after translate\n")

    def test_a_dump_leaves_json_on_standard_output_alone(self, syncml: Callable, program: Path) -> None:
        result = syncml("check", "pipeline.py", "--dump", "clocks", "--format", "json")
        document(result.out, "check")
        assert result.err.startswith("# after clocks\n")

    def test_an_unknown_pass_is_a_usage_error_that_lists_them(self, syncml: Callable, program: Path) -> None:
        result = syncml("check", "pipeline.py", "--dump", "bogus")
        assert result.code == ExitCode.USAGE
        assert all(name in result.err for name in ("all", *passes()))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "absent.py"], "there is no file absent.py"),
        (["check", "step.yaml"], "step.yaml is not a program"),
        (["check", "pipeline.py", "--set", "gain"], "`--set gain` has no value"),
        (["check", "pipeline.py", "--set", "=1"], "has no value"),
        (["check", "pipeline.py:limiter", "--node", "control"], "named twice"),
        (["verify", "pipeline.py", "--semantics", "wishful"], "there is no semantics 'wishful'"),
        (["verify", "pipeline.py", "--engine", "guess"], "there is no engine 'guess'"),
        (["sim", "pipeline.py"], "nothing says how long to run"),
        (["sim", "pipeline.py", "--scenario", "step.yaml", "--out", "t.foo"], "no trace format is called '.foo'"),
        (["graph", "pipeline.py", "-o", "g.foo"], "no drawing format is called '.foo'"),
    ],
)
def test_usage_errors(syncml: Callable, program: Path, arguments: list[str], words: str) -> None:
    result = syncml(*arguments)
    assert result.code == ExitCode.USAGE
    assert "error[U00" in result.err
    assert words in result.err


class TestVerify:
    def test_a_violation_comes_with_its_run(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        result = syncml("verify", "pipeline.py", "-o", "evidence")
        assert result.code == ExitCode.REJECTED
        assert "error[V004]: ensure 'small' of control is violated" in result.out
        assert "> v" in result.out
        assert "1 proved, 1 violated" in result.out
        report = document((tmp_path / "evidence" / "report.json").read_text(), "verify")
        assert {each["name"]: each["verdict"] for each in report["properties"]} == {
            "limiter.limited": "proved",
            "small": "violated",
        }
        [command] = [line for line in result.out.splitlines() if line.startswith("run it again: ")]
        arguments = command.removeprefix("run it again: syncml ").split()
        assert arguments == ["sim", "pipeline.py", "--input", "evidence/small.csv"]
        replayed = syncml(*arguments, "--format", "concise")
        assert replayed.code == ExitCode.REJECTED
        assert "error[S004] ensure 'small' fails" in replayed.out
        assert "warning" not in replayed.out

    def test_a_violation_leaves_a_test_that_fails_until_the_program_is_repaired(
        self, syncml: Callable, program: Path, tmp_path: Path, project_root: Path
    ) -> None:
        syncml("verify", "pipeline.py:control", "-o", "evidence", "--set", "gain=0.75")

        def run_test() -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "evidence/test_small.py"]
            environment = os.environ | {"PYTHONPATH": str(project_root)}
            return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)

        broken = run_test()
        assert broken.returncode == 1
        assert "false at tick" in broken.stdout
        program.write_text(program.read_text().replace("gain * slow + total", "0.8 * limiter(gain * slow + total)"))
        repaired = run_test()
        assert repaired.returncode == 0, repaired.stdout

    def test_the_printed_command_runs_the_counterexample_of_a_program_with_abstract_nodes(
        self, syncml: Callable, tmp_path: Path
    ) -> None:
        source = ABSTRACT.replace(
            "    return chosen * 2.0", '    ensure(chosen < 0.5, "half")\n    return chosen * 2.0'
        )
        (tmp_path / "abstract.py").write_text(source, "utf-8")
        found = syncml("verify", "abstract.py:main", "-o", "my evidence")
        [command] = [line for line in found.out.splitlines() if line.startswith("run it again: ")]
        arguments = shlex.split(command.removeprefix("run it again: syncml "))
        assert arguments == ["sim", "abstract.py:main", "--input", "my evidence/half.csv", "--abstract", "policy"]
        result = syncml(*arguments, "--engine", "interp", "--format", "concise")
        assert "error[S004] ensure 'half' fails" in result.out

    def test_the_json_explains_and_marks_what_does_not_matter(self, syncml: Callable, program: Path) -> None:
        found = document(syncml("verify", "pipeline.py", "--format", "json").out, "verify")
        [small] = [each for each in found["properties"] if each["name"] == "small"]
        reasons = small["trace"]["explanation"]
        assert [r["name"] for r in reasons[:2]] == ["small", "cmd"]
        assert reasons[0]["formula"] == "cmd < 0.9"
        assert reasons[0]["value"] is False
        assert all(len(s["free"]) in (0, len(s["values"])) for s in small["trace"]["streams"])

    def test_the_core_of_a_proof_is_shown(self, syncml: Callable, program: Path) -> None:
        text = syncml("verify", "pipeline.py", "--core").out
        needs = text.partition("'limiter.limited' of control needs\n")[2].partition("no proof needs\n")
        assert "pipeline.py:8  y = clip(x, -bound, bound)" in needs[0]
        assert "pipeline.py:17  total = state(init=0.0)" in needs[2]
        found = document(syncml("verify", "pipeline.py", "--core", "--format", "json").out, "verify")
        [limited] = [each for each in found["properties"] if each["name"] == "limiter.limited"]
        assert {place["line"] for place in limited["core"]["equations"]} >= {8}
        assert 17 in {place["line"] for place in found["unused"]}

    def test_one_property_that_holds(self, syncml: Callable, program: Path) -> None:
        result = syncml("verify", "pipeline.py", "--property", "limiter.limited")
        assert result.code == ExitCode.OK
        assert "1 proved in" in result.out

    def test_json(self, syncml: Callable, program: Path) -> None:
        found = document(syncml("verify", "pipeline.py", "--format", "json").out, "verify")
        [small] = [each for each in found["properties"] if each["name"] == "small"]
        assert small["place"]["line"] == 20
        assert small["method"] is None
        [v] = [stream for stream in small["trace"]["streams"] if stream["name"] == "v"]
        assert v["input"]
        assert len(v["values"]) == small["trace"]["tick"] + 1

    def test_undecided_is_neither(self, syncml: Callable, program: Path) -> None:
        arguments = ["pipeline.py", "--property", "limiter.limited", "--engine", "bmc", "--timeout", "2"]
        result = syncml("verify", *arguments)
        assert result.code == ExitCode.UNDECIDED
        assert "unknown" in result.out
        assert "warning[V005]" in syncml("verify", *arguments, "--format", "concise").out


class TestSim:
    def test_a_scenario_with_trace_and_plot(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        result = syncml("sim", "pipeline.py", "--scenario", "step.yaml", "--out", "t.csv", "--plot", "p.html")
        assert result.code == ExitCode.OK
        assert "pipeline.py: 20 ticks (1 s at 20 Hz)" in result.out
        rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
        assert [row["v"] for row in rows] == ["0.0"] * 10 + ["1.0"] * 10
        assert [row["cmd"] for row in rows[8:12]] == ["0.0", "0.0", "0.5", "0.51"]
        page = (tmp_path / "p.html").read_text()
        assert "<svg" in page
        assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
            "http://creativecommons.org", ""
        )

    def test_the_trace_written_is_an_input_that_gives_the_same_trace(
        self, syncml: Callable, program: Path, tmp_path: Path
    ) -> None:
        syncml("sim", "pipeline.py", "--scenario", "step.yaml", "--out", "first.csv")
        syncml("sim", "pipeline.py", "--input", "first.csv", "--out", "second.csv")
        assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()

    def test_the_engines_write_the_same_bytes(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        for engine in ("interp", "numba", "lanes"):
            arguments = ["--scenario", "step.yaml", "--engine", engine, "--out", f"{engine}.csv"]
            assert syncml("sim", "pipeline.py", *arguments).code == ExitCode.OK
        assert (tmp_path / "interp.csv").read_bytes() == (tmp_path / "numba.csv").read_bytes()
        assert (tmp_path / "interp.csv").read_bytes() == (tmp_path / "lanes.csv").read_bytes()

    def test_runs_in_lanes_fail_where_they_fail_one_by_one(self, syncml: Callable, tmp_path: Path) -> None:
        (tmp_path / "noisy.py").write_text(
            "from syncml import Hz, Stream, ensure, f32, node\n\n\n"
            "@node(rate=Hz(10))\ndef main(x: Stream[f32]) -> Stream[f32]:\n"
            '    ensure(x < 2.4, "small")\n    return x\n'
        )
        (tmp_path / "noise.yaml").write_text("name: noise\nduration: 5.0\ninputs:\n  x: {sigma: 1.0, bound: 9.0}\n")
        arguments = ("sim", "noisy.py", "--scenario", "noise.yaml", "--runs", "30", "--format", "json")
        found = [json.loads(syncml(*arguments, "--engine", engine).out) for engine in ("interp", "lanes")]
        for document in found:
            del document["time_s"], document["engine"]
        assert found[0] == found[1]
        assert 0 < found[0]["failing_runs"] < 30

    def test_lanes_say_that_they_run_no_actors(self, syncml: Callable) -> None:
        folder = Path(__file__).resolve().parents[2] / "scenarios"
        pipeline, scenario = folder / "highway_acc" / "pipeline.py", folder / "euro_ncap" / "ccrs.yaml"
        for runs in ("1", "2"):
            result = syncml("sim", str(pipeline), "--scenario", str(scenario), "--engine", "lanes", "--runs", runs)
            assert result.code == ExitCode.USAGE
            assert "U001" in result.out + result.err

    def test_the_outputs_of_an_abstract_node_are_taken_from_the_file_if_asked(
        self, syncml: Callable, tmp_path: Path
    ) -> None:
        path, table, out = tmp_path / "abstract.py", tmp_path / "run.csv", tmp_path / "out.csv"
        path.write_text(ABSTRACT, "utf-8")
        table.write_text("x,chosen\n0.5,1.0\n0.5,0.25\n", "utf-8")
        common = ("sim", f"{path}", "--input", f"{table}", "--engine", "interp", "-q", "--out", f"{out}")
        shown = syncml(*common)
        assert "warning[S005]" in shown.err and "--abstract policy" in shown.err
        assert out.read_text() == "x,out,chosen\n0.5,1.0,0.5\n0.5,1.0,0.5\n"
        forced = syncml(*common, "--abstract", "policy")
        assert forced.err == ""
        assert out.read_text() == "x,chosen,out\n0.5,1.0,2.0\n0.5,0.25,0.5\n"
        assert syncml(*common, "--abstract", "polly").err.startswith("error[U001]")

    def test_a_note_says_that_mathematical_numbers_run_as_machine_numbers(
        self, syncml: Callable, tmp_path: Path
    ) -> None:
        path = tmp_path / "exact.py"
        path.write_text(EXACT, "utf-8")
        (tmp_path / "x.csv").write_text("x\n1\n2\n", "utf-8")
        run = ("sim", f"{path}", "--input", f"{tmp_path / 'x.csv'}")
        shown = syncml(*run).err
        assert shown.count("note[T008]") == 1 and "computes int as i64: `x`, `total`" in shown
        assert syncml(*run, "--engine", "interp").err == ""
        assert "computes int as i64: `x`, `total`" in syncml("export", f"{path}", "-o", f"{tmp_path / 'c'}").err

    def test_a_warning_says_that_a_node_without_a_body_is_zero(self, syncml: Callable, tmp_path: Path) -> None:
        path = tmp_path / "open.lus"
        (tmp_path / "x.csv").write_text("x\n1\n2\n", "utf-8")
        for head, in_c in (("extern function", False), ("function imported", True)):
            text = f"{head} f(x: int) returns (y: int); node main(x: int) returns (y: int); let y = f(x) + 1; tel"
            path.write_text(text, "utf-8")
            shown = syncml("sim", f"{path}", "--input", f"{tmp_path / 'x.csv'}", "--engine", "interp").err
            assert shown.count("warning[S006]") == 1 and "`f` has no body" in shown
            shown = syncml("export", f"{path}", "-o", f"{tmp_path / 'c'}").err
            assert ("zero in exported C" in shown) is in_c

    def test_verbose_writes_every_stream(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        headers = {}
        for engine in ("interp", "numba"):
            arguments = ["--scenario", "step.yaml", "--engine", engine, "--out", f"{engine}.csv", "-v"]
            syncml("sim", "pipeline.py", *arguments)
            headers[engine] = set((tmp_path / f"{engine}.csv").read_text().splitlines()[0].split(","))
        assert headers["interp"] == headers["numba"]
        assert len(headers["interp"]) > len({"v", "cmd", "slow", "total"})

    def test_a_lemma_that_holds_is_only_counted(self, syncml: Callable, program: Path) -> None:
        program.write_text(program.read_text().replace("assume,", "assume, invariant,").replace(
            "    ensure(cmd", '    invariant(total <= 5.0, "the sum is bounded")\n    ensure(cmd'
        ))  # fmt: skip
        short = syncml("sim", "pipeline.py", "--scenario", "step.yaml").out
        assert "1 invariants hold" in short
        assert "the sum is bounded" not in short
        assert "the sum is bounded" in syncml("sim", "pipeline.py", "--scenario", "step.yaml", "-v").out

    def test_a_failing_contract(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        (tmp_path / "large.csv").write_text("v\n9.0\n9.0\n")
        result = syncml("sim", "pipeline.py", "--input", "large.csv")
        assert result.code == ExitCode.REJECTED
        assert "error[S004]: ensure 'small' fails at tick 0" in result.out

    def test_a_promise_is_excused_once_an_assumption_fails(
        self, syncml: Callable, program: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "beyond.csv").write_text("v\n11.0\n")
        result = syncml("sim", "pipeline.py", "--input", "beyond.csv", "--format", "concise")
        assert result.code == ExitCode.OK
        assert result.out.count("warning[S004]") == 2

    def test_json_of_several_runs(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        noisy = "name: Noise\nduration: 0.5\ninputs:\n  v: { low: 0.0, high: 1.75 }\n"
        (tmp_path / "noise.yaml").write_text(noisy)
        arguments = [
            "sim",
            "pipeline.py",
            "--scenario",
            "noise.yaml",
            "--seed",
            "1",
            "--runs",
            "12",
            "--format",
            "json",
        ]
        first, second = syncml(*arguments), syncml(*arguments)
        found = document(first.out, "sim")
        assert found["runs"] == 12
        assert 0 < found["failing_runs"] < 12, "the noise is chosen such that some runs fail and some do not"
        assert first.code == ExitCode.REJECTED
        again = json.loads(second.out)
        assert {**found, "time_s": 0} == {**again, "time_s": 0}


class TestExport:
    def test_the_package_checks_itself(self, syncml: Callable, program: Path) -> None:
        result = syncml("export", "pipeline.py", "-o", "c", "--scenario", "step.yaml")
        assert result.code == ExitCode.OK
        assert "replays 20 recorded ticks" in result.out
        built = subprocess.run(["make", "-s", "-C", "c", "check"], capture_output=True, text=True, cwd=program.parent)
        assert built.returncode == 0, built.stderr
        assert "20 steps" in built.stdout
        assert "all equal bit for bit" in built.stdout

    def test_json_and_a_random_run(self, syncml: Callable, program: Path) -> None:
        found = document(syncml("export", "pipeline.py", "-o", "c", "--steps", "7", "--format", "json").out, "export")
        assert found["recorded_ticks"] == 7
        assert "src/control.c" in found["files"]

    @pytest.mark.parametrize(("work", "ticks"), [(1, 100), (10**6, 1000)])
    def test_the_random_run_of_a_large_program_is_shorter(
        self, work: int, ticks: int, syncml: Callable, program: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.modules["syncml.cli.export"], "RANDOM_WORK", work)
        found = document(syncml("export", "pipeline.py", "-o", "c", "--format", "json").out, "export")
        assert found["recorded_ticks"] == ticks

    def test_the_same_program_gives_the_same_bytes(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        for folder in ("one", "two"):
            syncml("export", "pipeline.py", "-o", folder, "--seed", "3")
        one, two = (
            {path.relative_to(tmp_path / folder): path.read_bytes() for path in (tmp_path / folder).rglob("*.*")}
            for folder in ("one", "two")
        )
        assert len(one) >= 9
        assert one == two

    def test_a_schedule_that_is_none(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        result = syncml("export", "pipeline.py", "-o", "c", "--schedule", "cycle")
        assert result.code == ExitCode.USAGE
        assert "error[U001]: there is no schedule 'cycle'" in result.err
        assert not (tmp_path / "c").exists()

    def test_inlined_code_is_one_function(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        for option in ((), ("--inline",)):
            assert syncml("export", "pipeline.py", "-o", "c", *option).code == ExitCode.OK
            text = (tmp_path / "c" / "src" / "control.c").read_text()
            assert len(re.findall(r"^static \w+ \w+_step\(", text, re.MULTILINE)) == (0 if option else 1)
            done = subprocess.run(["make", "-s", "-C", "c", "check"], capture_output=True, cwd=tmp_path, check=False)
            assert done.returncode == 0

    def test_a_target_that_is_none(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        result = syncml("export", "pipeline.py", "-o", "c", "--target", "cortex-m4")
        assert result.code == ExitCode.USAGE
        assert "error[U001]: there is no target 'cortex-m4'" in result.err
        assert "write `--target cortex-m4f`" in result.err
        assert not (tmp_path / "c").exists()


class TestGraph:
    def test_mermaid_on_the_screen(self, syncml: Callable, program: Path) -> None:
        result = syncml("graph", "pipeline.py")
        assert result.code == ExitCode.OK
        assert result.out.startswith("flowchart")
        assert "sample times" in result.out

    @pytest.mark.parametrize(("name", "start"), [("g.mmd", "flowchart"), ("g.dot", "digraph"), ("g.svg", "<svg")])
    def test_files(self, syncml: Callable, program: Path, tmp_path: Path, name: str, start: str) -> None:
        assert syncml("graph", "pipeline.py", "-o", name).out == f"wrote {name}\n"
        assert start in (tmp_path / name).read_text()[:200]

    def test_an_overview_has_fewer_blocks(self, syncml: Callable, program: Path) -> None:
        detailed, overview = (syncml("graph", "pipeline.py", each).out for each in ("--detailed", "--overview"))
        assert len(overview.splitlines()) < len(detailed.splitlines())


class TestNew:
    def test_the_template_checks_verifies_simulates_and_exports(self, syncml: Callable, tmp_path: Path) -> None:
        assert syncml("new", "hill").code == ExitCode.OK
        assert syncml("check", "hill/pipeline.py").code == ExitCode.OK
        assert syncml("verify", "hill/pipeline.py:cruise").code == ExitCode.OK
        assert syncml("sim", "hill/pipeline.py", "--scenario", "hill/hill.yaml").code == ExitCode.OK
        assert syncml("export", "hill/pipeline.py:cruise", "-o", "build").code == ExitCode.OK

    def test_the_tests_of_the_template_pass(self, syncml: Callable, tmp_path: Path, project_root: Path) -> None:
        syncml("new", "hill")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "hill", "hill"]
        environment = os.environ | {"PYTHONPATH": str(project_root)}
        run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
        assert run.returncode == 0, run.stdout
        assert "2 passed" in run.stdout

    def test_nothing_is_overwritten(self, syncml: Callable, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "pipeline.py").write_text("mine\n")
        result = syncml("new", "mine")
        assert result.code == ExitCode.USAGE
        assert "error[U003]" in result.err
        assert (tmp_path / "mine" / "pipeline.py").read_text() == "mine\n"

    def test_an_empty_folder_is_fine_and_a_file_is_not(self, syncml: Callable, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        (tmp_path / "file").touch()
        assert syncml("new", "empty").code == ExitCode.OK
        assert syncml("new", "file").code == ExitCode.USAGE
        assert syncml("new", "file/below").code == ExitCode.REJECTED


class TestCertify:
    def test_the_proofs_of_a_report_are_checked_again(self, syncml: Callable, program: Path, tmp_path: Path) -> None:
        syncml("verify", "pipeline.py", "-o", "evidence")
        report = document((tmp_path / "evidence" / "report.json").read_text(), "verify")
        assert {each["name"]: each["certificate"] for each in report["properties"]} == {
            "limiter.limited": "certificates/limiter_limited.smt2",
            "small": None,
        }
        result = syncml("certify", "evidence", "--solver", "z3", "--solver", "cvc5")
        assert result.code == ExitCode.OK
        assert "2 of 2 checks accepted" in result.out

        proof = tmp_path / "evidence" / "certificates" / "limiter_limited.smt2"
        proof.write_text(proof.read_text().replace("(ite ", "(ite true ", 1))
        broken = syncml("certify", "evidence", "--format", "json")
        assert broken.code == ExitCode.REJECTED
        [only] = document(broken.out, "certify")["certificates"]
        assert only["outcome"] == "refuted"
        assert "error" in only["detail"]

        proof.unlink()
        assert "error[D001]: cannot read" in syncml("certify", "evidence").err

    def test_what_is_no_report_has_no_certificates(self, syncml: Callable, tmp_path: Path) -> None:
        assert "error[D001]" in syncml("certify", ".").err
        (tmp_path / "report.json").write_text("{}")
        assert "is no report of this version" in syncml("certify", ".").err
        assert "there is no solver 'yices'" in syncml("certify", ".", "--solver", "yices").err

    def test_without_the_package_it_says_what_to_install(
        self, syncml: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "cvc5", None)
        result = syncml("certify", ".", "--solver", "cvc5")
        assert "error[D006]: checking certificates with cvc5 needs the package cvc5" in result.err
        assert "pip install 'syncml[cvc5]'" in result.err


class TestTestgen:
    def test_the_suite_passes_and_fails_once_the_program_changes(
        self, syncml: Callable, tmp_path: Path, project_root: Path
    ) -> None:
        (tmp_path / "door.py").write_text((project_root / "examples" / "door.py").read_text())
        result = syncml("testgen", "door.py", "-o", "suite")
        assert result.code == ExitCode.OK
        assert "transitions: 5 of 5 covered" in result.out
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "suite", "suite"]
        environment = os.environ | {"PYTHONPATH": str(project_root)}

        def tested() -> subprocess.CompletedProcess[str]:
            return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)

        assert tested().returncode == 0
        text = (tmp_path / "door.py").read_text()
        (tmp_path / "door.py").write_text(text.replace("waited >= 5", "waited >= 6"))
        assert "at tick" in tested().stdout

    def test_the_report_counts_the_goals_of_each_line(self, syncml: Callable, tmp_path: Path) -> None:
        (tmp_path / "twice.py").write_text(
            "from syncml import Stream, i32, node, where\n\n\n@node\n"
            "def limited(speed: Stream[i32]) -> Stream[i32]:\n"
            "    once = where(speed > 100, 100, speed)\n"
            "    return where(once > 120, 120, once)\n"
        )
        result = syncml("testgen", "twice.py", "-o", "suite", "--format", "json")
        assert result.code == ExitCode.OK
        report = document(result.out, "testgen")
        assert report == document((tmp_path / "suite" / "testgen.json").read_text(), "testgen")
        assert [(x["line"], x["goals"], x["covered"], x["unreachable"]) for x in report["lines"]] == [
            (6, 2, 2, 0), (7, 2, 1, 1),
        ]  # fmt: skip
        [beyond] = [goal for goal in report["goals"] if goal["status"] == "unreachable"]
        assert (beyond["text"], beyond["value"]) == ("once > 120", "true")

    def test_other_formats_are_refused(self, syncml: Callable, program: Path) -> None:
        result = syncml("testgen", "pipeline.py", "-o", "suite", "--format", "concise")
        assert result.code == ExitCode.USAGE
        assert "there is no concise of a test suite" in result.out
