"""Worker processes: what becomes of solvers that hang, crash or are no longer needed."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from syncml.verify.early import early_worker, taken
from syncml.verify.pool import Pool
from syncml.verify.processes import Serve, can_fork, usual_memory
from syncml.verify.session import Session
from syncml.verify.system import System
from syncml.verify.translate import translate
from tests.verify.test_engines import saturating

WORKER = """
import json, os, sys, time
for line in sys.stdin:
    task = json.loads(line)
    def say(**event):
        print(json.dumps({"task": task["task"], **event}), flush=True)
    match task["do"]:
        case "answer":
            say(event="valid", pid=os.getpid())
        case "crash":
            say(event="holds")
            os.abort()
        case "hang":
            time.sleep(60)
    say(event="done")
"""


@pytest.fixture
def pool(tmp_path: Path) -> Any:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    with Pool(2, command=(sys.executable, str(script))) as made:
        yield made


def task(do: str, limit: float = 30.0) -> dict[str, Any]:
    return {"do": do, "limit": limit}


def test_workers_are_used_again(pool: Pool) -> None:
    numbers = [pool.submit(task("answer")) for _ in range(6)]
    events = list(pool.events())
    assert sorted(n for n, e in events if e["event"] == "valid") == numbers
    assert len({e["pid"] for _, e in events if e["event"] == "valid"}) <= 2


def test_a_crash_is_reported_and_others_go_on(pool: Pool) -> None:
    crashed, fine = pool.submit(task("crash")), pool.submit(task("answer"))
    events = list(pool.events())
    assert (crashed, {"event": "holds"}) in events
    assert (crashed, {"event": "failed", "reason": "the solver's process ended (SIGABRT)"}) in events
    assert [e["event"] for n, e in events if n == fine] == ["valid", "done"]


def test_a_solver_that_hangs_is_ended_at_its_limit(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncml.verify.pool.GRACE", 0.1)
    hung, fine = pool.submit(task("hang", limit=0.4)), pool.submit(task("answer"))
    started = time.monotonic()
    events = list(pool.events())
    assert time.monotonic() - started < 20
    assert (hung, {"event": "failed", "reason": "the solver did not stop at its time limit"}) in events
    assert [e["event"] for n, e in events if n == fine] == ["valid", "done"]


def test_tasks_that_are_cancelled_report_nothing_more(pool: Pool) -> None:
    pool.submit(task("hang"))
    kept = pool.submit(task("answer"))
    pool.submit(task("answer"))
    pool.cancel_all(keep=kept)
    assert {number for number, _ in pool.events()} == {kept}
    pool.submit(task("hang"))
    pool.cancel_all()
    assert list(pool.events()) == []


def test_the_end_of_the_pool_ends_its_processes(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    with Pool(1, command=(sys.executable, str(script))) as made:
        made.submit(task("answer"))
        _, event = next(made.events())
    assert not Path(f"/proc/{event['pid']}").exists() or sys.platform != "linux"


def system() -> System:
    return translate(saturating().node(), wrapping=True, bounded=True).system


def test_a_system_goes_to_a_worker_and_back_as_text() -> None:
    made = system()
    assert System.from_json(made.to_json()) == made
    assert "\n" not in made.to_json()
    assert json.loads(made.to_json())["goals"] == list(made.goals)


def run_session(pool: Pool, seconds: float) -> Session:
    engines = frozenset({"bmc", "induction", "spacer", "localised"})
    made = system()
    session = Session(made, pool, lambda _goal, _trace: "not replayed", engines, 0, frozenset(made.goals))
    session.deadline = time.monotonic() + seconds
    session.run()
    return session


def test_a_session_without_time_decides_nothing_and_ends() -> None:
    started = time.monotonic()
    with Pool(2) as pool:
        session = run_session(pool, 0.0)
    assert time.monotonic() - started < 15
    assert not session.refuted


def test_a_session_whose_solvers_all_crash_decides_nothing() -> None:
    with Pool(2, command=(sys.executable, "-c", "import os; os.abort()")) as pool:
        session = run_session(pool, 20.0)
    assert not session.proofs
    assert session.failures
    assert set(session.failures) == {"the solver's process ended (SIGABRT)"}


def test_a_violation_that_does_not_replay_is_kept_apart() -> None:
    with Pool(2) as pool:
        session = run_session(pool, 20.0)
    assert session.spurious == {"goal!1": "not replayed"}
    assert set(session.proofs) == {"goal!0", "goal!2"}


forking = pytest.mark.skipif(not can_fork(), reason="workers are no copies of this process")


def greedy(task: dict[str, Any], emit: Callable[[dict[str, Any]], None]) -> None:
    """A worker in which things go wrong."""
    match task["do"]:
        case "memory":
            hoard: list[bytes] = []
            while True:
                hoard.append(b"x" * (1 << 24))
        case "solver memory":
            from syncml.verify.smt import z3

            term = z3.Int("x")
            while True:
                term = z3.Int("x") + z3.FreshInt() * term
        case "signal":
            faulthandler.disable()
            os.kill(os.getpid(), task["number"])
            time.sleep(60)
        case "work":
            while True:
                pass
        case "fault":
            raise ValueError("no such thing")
        case _:
            emit({"event": "valid", "pid": os.getpid()})


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("syncml.verify.worker.run", greedy)
    monkeypatch.setattr("syncml.verify.worker.prepare", id)
    with Pool(2, memory=96) as made:
        yield made


@forking
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"do": "memory"}, "the solver ran out of memory"),
        ({"do": "solver memory"}, "the solver ran out of memory"),
        ({"do": "signal", "number": int(signal.SIGSEGV)}, "the solver's process ended (SIGSEGV)"),
        ({"do": "signal", "number": int(signal.SIGKILL)}, "the solver's process ended (SIGKILL)"),
        ({"do": "fault"}, "ValueError: no such thing"),
    ],
)
def test_a_copy_that_fails_says_why_and_others_go_on(copies: Pool, bad: dict[str, Any], reason: str) -> None:
    first, failing, last = (copies.submit({**t, "limit": 30.0}) for t in (task("answer"), bad, task("answer")))
    events = list(copies.events())
    assert [e for n, e in events if n == failing] == [{"event": "failed", "reason": reason}, {"event": "done"}]
    for fine in (first, last):
        assert [e["event"] for n, e in events if n == fine] == ["valid", "done"]


@forking
def test_a_copy_serves_one_task(copies: Pool) -> None:
    for _ in range(4):
        copies.submit(task("answer"))
    assert len({e["pid"] for _, e in copies.events() if e["event"] == "valid"}) == 4


@forking
def test_processor_time_is_bounded_even_if_nobody_looks(copies: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncml.verify.pool.GRACE", 0.0)
    number = copies.submit(task("work", limit=0.5))
    events = copies.events()
    monkeypatch.setattr("syncml.verify.pool.time.monotonic", lambda: 0.0)
    assert next(events) == (number, {"event": "failed", "reason": "the solver's process ended (SIGXCPU)"})


def lingering(task: dict[str, Any], emit: Callable[[dict[str, Any]], None]) -> None:
    """A worker that says what it found, and goes on for as long as it is told."""
    emit({"event": "valid", "pid": os.getpid()})
    time.sleep(task["seconds"])


def answers(pool: Pool, seconds: float) -> int:
    """The process that answers; what it does then nobody waits for."""
    pool.submit({"seconds": seconds, "limit": 30.0})
    for _, event in pool.events():
        if event["event"] == "valid":
            pool.cancel_all()
            return int(event["pid"])
    raise AssertionError("no answer")


@forking
def test_an_early_worker_serves_until_one_of_its_tasks_has_to_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncml.verify.early._loading", lambda _: lingering)
    monkeypatch.setattr("syncml.verify.worker.run", lingering)
    monkeypatch.setattr("syncml.verify.worker.prepare", id)
    monkeypatch.setattr("syncml.verify.pool.SOON", 0.5)
    with early_worker(2, 96):
        with Pool(2, memory=96) as pool:
            first, second, third = (answers(pool, seconds) for seconds in (0.0, 0.01, 60.0))
            assert first == second == third
            assert not _runs(first)
            assert answers(pool, 0.0) != first
            assert not pool.pending()
        with Pool(2, memory=96) as pool:
            assert answers(pool, 0.0) != first


@forking
def test_an_early_worker_that_nobody_took_ends_with_the_command(tmp_path: Path) -> None:
    seen = tmp_path / "pid"

    def loading(_: Collection[str]) -> Serve:
        seen.write_text(str(os.getpid()))
        return lingering

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("syncml.verify.early._loading", loading)
        with early_worker(2, 96):
            while not seen.exists() or not seen.read_text():
                time.sleep(0.01)
            assert _runs(int(seen.read_text()))
    assert not _runs(int(seen.read_text()))
    assert taken() is None


PARENT = """
import os, time
from syncml.verify import worker
from syncml.verify.pool import Pool

def run(task, emit):
    emit({"event": "holds", "pid": os.getpid()})
    while True:
        pass

worker.run, worker.prepare = run, lambda task: None
with Pool(2) as pool:
    for _ in range(2):
        pool.submit({"limit": 60.0})
    for _, event in pool.events():
        print(event["pid"], flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(how: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        children = [int(parent.stdout.readline()) for _ in range(2)]
        parent.send_signal(how)
        parent.wait()
    end = time.monotonic() + 20
    while any(_runs(child) for child in children):
        assert time.monotonic() < end, "a worker goes on"
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_the_usual_memory_is_a_share_of_the_machine() -> None:
    assert usual_memory(1) >= usual_memory(4) >= 512


def test_an_interrupt_that_is_dropped_on_its_way_is_raised_by_who_waits(pool: Pool) -> None:
    pool.submit(task("hang"))
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        list(pool.events())
    pool.stop()
    assert list(pool.events()) == []


def test_the_handler_of_interrupts_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Pool(1):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
