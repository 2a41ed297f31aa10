"""What goes wrong in one engine, or the user who interrupts, takes nothing down and makes no verdict wrong."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from syncml.sim.interpreter import replay
from syncml.sim.trace import Trace
from syncml.verify import Proved, Unknown, VerificationReport, VerifyOptions, Violated, verify
from syncml.verify.pool import Pool
from tests.verify.build import Builder, Op, Scalar
from tests.verify.test_engines import saturating

SABOTEUR = """
import json, os, signal, sys, time
from syncml.verify.worker import run
how, engine = sys.argv[1:]
for line in sys.stdin:
    task = json.loads(line)
    def say(event):
        print(json.dumps({"task": task["task"], **event}), flush=True)
    if task["engine"] == engine:
        match how:
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "crashed":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "garbage":
                print('{"event": "proved", "goals": ["goal!1"', "not JSON", "17", '{"task": 1}', sep="\\n", flush=True)
            case "half":
                print('{"task": 1, "event": "proved", "goals": ["goal!1"], "me', end="", flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            case "memory":
                say({"event": "failed", "reason": "the solver ran out of memory"})
            case "hang":
                time.sleep(600)
    else:
        run(task, say)
    say({"event": "done"})
"""


def sabotaged(
    builder: Builder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, engine: str, seconds: float = 20.0
) -> VerificationReport:
    script = tmp_path / "saboteur.py"
    script.write_text(SABOTEUR)
    command = (sys.executable, str(script), how, engine)
    monkeypatch.setattr("syncml.verify.driver.Pool", partial(Pool, command=command))
    return verify(builder.program(), VerifyOptions(timeout=seconds, jobs=2), replay)


@pytest.mark.parametrize("how", ["killed", "crashed", "garbage", "half", "memory"])
def test_an_engine_that_fails_changes_no_verdict(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = sabotaged(saturating(), tmp_path, monkeypatch, how, "induction")
    found = {r.name: r.verdict for r in report.results}
    # Reachability proves what induction would have; bounded model checking finds the violation.
    assert isinstance(found["at most the limit"], Proved)
    assert isinstance(found["never above"], Proved)
    assert isinstance(found["never seven"], Violated)
    assert found["never seven"].counterexample.tick == 7


def test_an_engine_that_hangs_holds_up_nothing_that_others_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = time.monotonic()
    report = sabotaged(saturating(), tmp_path, monkeypatch, "hang", "bmc", seconds=60.0)
    assert time.monotonic() - started < 30.0
    assert {type(r.verdict) for r in report.results} == {Proved, Violated}


def hard() -> Builder:
    """Something easy, something violated, and something that no engine decides."""
    b = saturating()
    n = b.state("far", Scalar.INT, 0)
    b.next(n, b.op(Op.ADD, n, 1, name="farther"))
    b.claim("never that far", b.op(Op.NE, n, 10**9))
    return b


def test_an_interrupt_ends_with_what_is_known() -> None:
    """The user interrupts while the first counterexample is replayed."""

    def interrupted(_program: Any, _inputs: Mapping[str, Sequence[Any]], _ticks: int) -> Trace:
        raise KeyboardInterrupt

    report = verify(hard().program(), VerifyOptions(timeout=60.0, jobs=1), interrupted)
    assert report.interrupted
    assert report.time_s < 30.0
    found = {r.name: r.verdict for r in report.results}
    assert isinstance(found["never that far"], Unknown)
    assert found["never that far"].reason == "interrupted"
    assert not any(isinstance(v, Violated) for v in found.values())
    assert all(v.reason == "interrupted" for v in found.values() if isinstance(v, Unknown))


def test_an_interrupt_before_anything_is_known_names_every_property(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: Any, **_options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("syncml.verify.unit.written_translation", interrupted)
    report = verify(hard().program(), VerifyOptions(timeout=60.0, jobs=1), replay)
    assert report.interrupted
    assert {"at most the limit", "never that far", "overflow:t1"} <= {r.name for r in report.results}
    assert {r.verdict.reason for r in report.results if isinstance(r.verdict, Unknown)} == {"interrupted"}


HARD = """\
from syncml import Stream, ensure, i32, node, state, where


@node
def main(up: Stream[bool]) -> Stream[i32]:
    n = state(init=0)
    n.next = where(up & (n < 10), n + 1, n)
    far = state(init=0)
    far.next = far + 1
    ensure(n <= 10, "at most ten")
    ensure(far != 2_000_000_000, "never that far")
    return n
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_keyboard_ends_a_verification_with_its_table_and_no_process_is_left(
    tmp_path: Path, project_root: Path
) -> None:
    (tmp_path / "main.py").write_text(HARD)
    command = [sys.executable, "-m", "syncml", "verify", "main.py", "--timeout", "300", "-o", "evidence"]
    run = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(project_root)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    # A worker that has taken so long has more behind it than to load the solver.
    give_up = time.monotonic() + 60.0
    while worked(run.pid) < 1.0 and time.monotonic() < give_up:
        time.sleep(0.05)
    # A terminal tells all processes of the group.
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60.0)
    assert run.returncode == 130
    assert "Traceback" not in out + err
    assert "at most ten" in out
    assert "interrupted" in out
    assert "unknown in" in out
    assert (tmp_path / "evidence" / "report.json").exists()
    # What was ended may take a moment to go.
    give_up = time.monotonic() + 20.0
    while exists(run.pid) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not exists(run.pid)


def worked(parent: int) -> float:
    """The most seconds of processor time that a child of a process has taken."""
    most = 0
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with contextlib.suppress(OSError):
            most = max(most, int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11]))
    return most / os.sysconf("SC_CLK_TCK")


def exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


BUSY = "while True: pass"


def without_times(document: Any) -> Any:
    if isinstance(document, dict):
        return {k: without_times(v) for k, v in document.items() if k != "time_s"}
    return [without_times(v) for v in document] if isinstance(document, list) else document


def test_one_job_and_one_seed_give_one_report(tmp_path: Path, project_root: Path) -> None:
    """Whatever the order of sets is, and however busy the machine."""

    def report(hash_seed: str) -> Any:
        command = [sys.executable, "-m", "syncml", "verify", str(project_root / "examples" / "door.py")]
        done = subprocess.run(
            [*command, "--jobs", "1", "--seed", "3", "--timeout", "120", "--format", "json"], cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(project_root), "PYTHONHASHSEED": hash_seed},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return without_times(json.loads(done.stdout))

    alone = report("1")
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2)]
    try:
        assert report("77") == alone
    finally:
        for process in busy:
            process.kill()
            process.wait()
