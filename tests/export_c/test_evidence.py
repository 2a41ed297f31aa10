"""The evidence beside an export: the map in both directions, and the checks that find faults where there are some."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from typing import Literal as L

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from syncml import Stream, Vec, cast, f32, node, pipeline, u64
from syncml.cli.schemas import models, schema_file, schema_text
from syncml.export_c import Options
from syncml.export_c import export as export_package
from syncml.export_c.draft import Draft, Files
from syncml.export_c.evidence import collect as collecting
from syncml.export_c.evidence.misra import DEFINES, DEVIATIONS
from syncml.export_c.integers import Integers
from syncml.ir.equations.syntax import Program
from syncml.ir.step.syntax import StepProgram
from syncml.lang.load import program_of
from tests.support.programs import programs
from tests.support.tools import needs

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAM = """
from syncml import Hz, Stream, assume, ensure, f32, i32, node, state, where

@node
def alarm(x: Stream[f32]) -> Stream[bool]:
    count = state(init=0, type=i32)
    high = x > 3.0
    count.next = where(high, where(count < 5, count + 1, 5), 0)
    ensure(~high | (count.next > 0), "counts", req="SR-1")
    return count >= 3

@node(rate=Hz(10))
def main(x: Stream[f32], other: Stream[f32]) -> tuple[Stream[bool], Stream[f32]]:
    assume((x >= -50.0) & (x <= 50.0), "range")
    assume(abs(other) <= 4.0, "range of the other")
    return alarm(x), where(other > 0.0, other * 2.0, 1.0 - other)
"""


IMPOSSIBLE = """
from syncml import Stream, f32, i32, node, state, where

@node
def main(go: Stream[bool]) -> Stream[i32]:
    count = state(init=0, type=i32)
    count.next = where(go & (count < 5), count + 1, 0)
    return where((count >= 2) & (count <= 7), count, 0)
"""
VIOLATED = """
from syncml import Stream, cover, ensure, i32, node, state, where

@node
def main(go: Stream[bool]) -> Stream[i32]:
    count = state(init=0, type=i32)
    count.next = where(go & (count < 5), count + 1, 0)
    cover(count == 4, "high is seen", req="SR-8")
    ensure(count < 3, "small", req="SR-9")
    return count
"""


def export(target: str, folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "syncml", "export", target, "-o", str(folder), "-q", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def collect(folder: Path, *checks: str, **variables: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, str(folder / "evidence" / "collect.py"), *checks]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads((folder / "evidence" / "results.json").read_text())["checks"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "program.py").write_text(PROGRAM)
    export(str(folder / "program.py"), folder / "out", "--tests")
    return folder / "out"


@pytest.fixture
def copied(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "out"))


def trace(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "evidence" / "traceability.json").read_text())


def test_both_directions_of_the_map_agree(exported: Path) -> None:
    found = trace(exported)
    models()["c-trace"].model_validate(found)
    (requirement,) = found["requirements"]
    assert requirement == {"id": "SR-1", "properties": ["alarm: counts"]}
    (clause,) = [p for p in found["properties"] if p["requirement"]]
    assert clause["subjects"] == ["alarm.high", "alarm.count"] or set(clause["subjects"]) <= set(clause["cone"])
    lines = {line["line"]: line for line in found["lines"]}
    streams = {stream["id"]: stream for stream in found["streams"]}
    for part in clause["cone"]:
        for where in streams.get(part, {"lines": []})["lines"]:
            assert clause["id"] in lines[where]["properties"]
            assert lines[where]["requirements"] == ["SR-1"]
    for line in lines.values():
        for name in line["properties"]:
            (stated,) = [p for p in found["properties"] if p["id"] == name]
            assert any(line["line"] in streams[part]["lines"] for part in stated["cone"] if part in streams)


def test_every_line_of_code_has_a_source_or_is_said_to_have_none(exported: Path) -> None:
    found = trace(exported)
    assert found["orphans"]["lines_without_source"] == []
    orphans = set(found["orphans"]["lines_without_requirement"])
    text = (exported / "src" / "main_.c").read_text().splitlines()
    of_the_other = [n for n, line in enumerate(text, start=1) if "in->other" in line]
    assert of_the_other and all(f"src/main_.c:{n}" in orphans for n in of_the_other)
    assert found["orphans"]["properties_without_requirement"] == ["main: range", "main: range of the other"]
    assert "alarm: counts" not in found["orphans"]["properties_without_vectors"]


def test_a_clause_that_failed_on_a_run_has_no_vector_in_it(exported: Path) -> None:
    by_id = {p["id"]: p for p in trace(exported)["properties"]}
    assert "robustness" not in by_id["main: range"]["vectors"]
    assert "robustness" in by_id["alarm: counts"]["vectors"]
    assert by_id["alarm: counts"]["verdict"] == "not run"
    assert json.loads((exported / "evidence" / "proofs.json").read_text())["run"] is False


def test_the_page_links_both_ways(exported: Path) -> None:
    page = (exported / "evidence" / "traceability.html").read_text()
    targets = set(re.findall(r'id="([^"]+)"', page))
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert "r-SR-1" in links
    assert links <= targets


def test_the_schema_is_published() -> None:
    assert schema_file("c-trace").read_text() == schema_text(models()["c-trace"])


def test_vectors_that_differ_fail(copied: Path) -> None:
    code, checks = collect(copied, "vectors")
    assert (code, checks["vectors"]["status"]) == (0, "passed")
    source = copied / "src" / "main_.c"
    source.write_text(source.read_text().replace("> 3.0F", "> 3.5F"))
    code, checks = collect(copied, "vectors")
    assert (code, checks["vectors"]["status"]) == (1, "FAILED")


def test_what_is_missing_is_no_pass(copied: Path, tmp_path: Path) -> None:
    code, checks = collect(copied, PATH=str(tmp_path))
    assert code == 0
    assert {check["status"] for check in checks.values()} == {"not run"}
    assert "cppcheck" in checks["misra"]["summary"]
    assert collect(copied, "--strict", PATH=str(tmp_path))[0] == 1


def test_an_unknown_check_is_a_usage_fault(exported: Path) -> None:
    command = [sys.executable, str(exported / "evidence" / "collect.py"), "magic"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no check magic" in done.stderr


@needs("cppcheck")
def test_a_finding_outside_of_the_deviation_list_fails(copied: Path) -> None:
    code, checks = collect(copied, "misra")
    assert (code, checks["misra"]["outside"]) == (0, [])
    source = copied / "src" / "main_.c"
    source.write_text(source.read_text().replace("void main__init(", "int unused_global = 1;\nvoid main__init("))
    code, checks = collect(copied, "misra")
    assert code == 1
    assert any("8.4" in line or "8.9" in line for line in checks["misra"]["outside"])


def test_the_deviation_list_is_short_and_argued() -> None:
    assert len(DEVIATIONS) <= 5
    documented = (ROOT / "docs" / "reference" / "exported-c.md").read_text()
    for deviation in DEVIATIONS:
        assert f"| {deviation.rule} ({deviation.category}) |" in documented
        assert deviation.reason and deviation.where


@needs("gcc")
def test_stack_of_the_entry_points(copied: Path) -> None:
    code, checks = collect(copied, "stack")
    assert code == 0
    assert set(checks["stack"]["entries"]) == {"main__init", "main__step"}
    assert all(0 < size < 1000 for size in checks["stack"]["entries"].values())


@needs("clang-19", "llvm-cov-19", "llvm-profdata-19")
def test_all_decisions_are_reached_and_what_is_not_is_listed(copied: Path) -> None:
    code, checks = collect(copied, "coverage")
    assert (code, checks["coverage"]["status"]) == (0, "passed")
    hit, count = checks["coverage"]["totals"]["decisions"]
    assert hit == count > 0
    config = json.loads((copied / "evidence" / "evidence.json").read_text())
    config["vectors"] = []
    (copied / "evidence" / "evidence.json").write_text(json.dumps(config))
    code, checks = collect(copied, "coverage")
    assert (code, checks["coverage"]["status"]) == (0, "open")
    assert any("never" in line for line in checks["coverage"]["outside"])
    assert collect(copied, "--strict", "coverage")[0] == 1


@needs("clang-19", "llvm-cov-19", "llvm-profdata-19")
def test_an_outcome_that_is_proved_impossible_is_justified(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(IMPOSSIBLE)
    export(str(tmp_path / "program.py"), tmp_path / "out", "--tests", "--steps", "50")
    code, checks = collect(tmp_path / "out", "coverage")
    assert (code, checks["coverage"]["status"]) == (0, "passed"), checks["coverage"]
    assert len(checks["coverage"]["justified"]) == 1
    assert "no run reaches it" in checks["coverage"]["justified"][0]
    config = json.loads((tmp_path / "out" / "evidence" / "evidence.json").read_text())
    config["justified"] = []
    (tmp_path / "out" / "evidence" / "evidence.json").write_text(json.dumps(config))
    assert collect(tmp_path / "out", "coverage")[1]["coverage"]["status"] == "open"


def test_runs_of_proofs_are_vectors(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(VIOLATED)
    export(str(tmp_path / "program.py"), tmp_path / "out", "--prove", "--steps", "5")
    sources = {v["source"] for v in trace(tmp_path / "out")["vectors"]}
    assert "counterexample: violates small of SR-9, found by `syncml verify`" in sources
    assert any(source.startswith("requirement: the goal high is seen of SR-8") for source in sources)
    assert {p["name"]: p["verdict"] for p in trace(tmp_path / "out")["properties"]}["small"] == "violated"
    assert collect(tmp_path / "out", "vectors")[1]["vectors"]["status"] == "passed"


@needs("frama-c")
@pytest.mark.parametrize(
    "target",
    [
        *(f"{HERE}/evidence_programs/networks.py:{node}" for node in ("mlp", "gru", "conv")),
        f"{ROOT}/scenarios/highway_acc/vehicle.py",
    ],
    ids=["mlp", "gru", "conv", "flagship"],
)
def test_eva_finds_no_alarm(target: str, tmp_path: Path) -> None:
    export(target, tmp_path, "--steps", "3")
    code, checks = collect(tmp_path, "eva")
    assert code == 0, checks["eva"]["outside"]
    assert "overflow and NaN are alarms" in checks["eva"]["summary"]
    assert checks["eva"]["runs"]["step"]["alarms"] == 0


@needs("frama-c")
def test_eva_finds_an_index_out_of_range(copied: Path) -> None:
    source = copied / "src" / "main_.c"
    text = source.read_text()
    spoiled = text.replace("void main__step(", "static float table[2] = {0};\nvoid main__step(")
    source.write_text(spoiled.replace("in->other * 2.0F", "table[(in->other > 1.0F) ? 2 : 0]"))
    assert source.read_text().count("table") == 2
    code, checks = collect(copied, "eva")
    assert code == 1
    assert checks["eva"]["runs"]["step"]["alarms"] > 0


CORPUS = (
    "adapt.py", "modes.py", "multirate.py", "trackers.py", "gru.py:level",
    "../tests/accept/arithmetic.py", "../tests/accept/array_lookup.py", "../tests/accept/temporal.py",
    "../tests/accept/matrix_powers.py", "../tests/accept/units_temperature.py", "../tests/accept/reset_words.py",
    "../tests/accept/random_numbers.py", "../tests/accept/automaton_nested.py", "../tests/accept/integers_bits.py",
)  # fmt: skip


def misra_findings(code: StepProgram, folder: Path, integers: Mapping[str, Integers] | None = None) -> list[str]:
    """What cppcheck finds outside of the deviation list in the code of a program."""
    config: dict[str, Any] = {}

    def kept(draft: Draft) -> Files:
        config["sources"] = [path for path in draft.code if path.endswith(".c")]
        return {}

    export_package(code, folder, Options(parts=(kept,), integers=integers or {}))
    config["misra"] = {"defines": DEFINES, "deviations": [{"rule": d.rule, "pattern": d.pattern} for d in DEVIATIONS]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collecting, "ROOT", folder)
        return collecting.misra(config)["outside"]


@needs("cppcheck")
@pytest.mark.parametrize("target", CORPUS)
def test_nothing_is_found_outside_of_the_list(target: str, tmp_path: Path) -> None:
    checked = pipeline.on_machine(pipeline.check_file(f"{ROOT}/examples/{target}"))
    assert misra_findings(pipeline.step_code(checked, flat=False), tmp_path) == []


@needs("cppcheck")
def test_nothing_is_found_in_the_interface_of_integers(tmp_path: Path) -> None:
    checked = pipeline.on_machine(pipeline.check_file(f"{ROOT}/tests/accept/layers_quantised.py"))
    ends = (*checked.main.inputs, *checked.main.outputs)
    integers = {v.name: Integers(0.1 / n, -2 + n) for n, v in enumerate(ends, start=1)}
    assert len(ends) > 2 and misra_findings(pipeline.step_code(checked, flat=False), tmp_path, integers) == []


@node
def lanes(x: Stream[Vec[L[4], u64]]) -> Stream[Vec[L[4]]]:
    """Numbers from mixed bits, for each element of an array: a composite is cast to another kind of number."""
    return cast((x ^ (x >> 31)) >> 40, f32) * 0.5


@needs("cppcheck")
def test_a_composite_of_elements_is_named_before_it_is_cast(tmp_path: Path) -> None:
    code = pipeline.step_code(pipeline.check(program_of(lanes)), flat=False)
    assert misra_findings(code, tmp_path) == []


@needs("cppcheck")
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(program=programs())
def test_nothing_is_found_in_generated_programs(program: Program) -> None:
    with TemporaryDirectory() as folder:
        checked = pipeline.on_machine(pipeline.check(program))
        assert misra_findings(pipeline.step_code(checked, flat=False), Path(folder)) == []
