"""Worker processes: what becomes of solvers that hang, crash or are no longer needed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from syncml.verify.pool import Pool
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
    with Pool(2, (sys.executable, str(script))) as made:
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
    assert (crashed, {"event": "failed", "reason": "the solver's process ended"}) in events
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
    with Pool(1, (sys.executable, str(script))) as made:
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
    session = Session(
        made,
        pool,
        lambda _goal, _trace: "not replayed",
        time.monotonic() + seconds,
        engines,
        0,
        frozenset(made.goals),
        lambda _session: False,
    )
    session.run()
    return session


def test_a_session_without_time_decides_nothing_and_ends() -> None:
    started = time.monotonic()
    with Pool(2) as pool:
        session = run_session(pool, 0.0)
    assert time.monotonic() - started < 15
    assert not session.refuted


def test_a_session_whose_solvers_all_crash_decides_nothing() -> None:
    with Pool(2, (sys.executable, "-c", "import os; os.abort()")) as pool:
        session = run_session(pool, 20.0)
    assert not session.proofs
    assert session.failures
    assert set(session.failures) == {"the solver's process ended"}


def test_a_violation_that_does_not_replay_is_kept_apart() -> None:
    with Pool(2) as pool:
        session = run_session(pool, 20.0)
    assert session.spurious == {"goal!1": "not replayed"}
    assert set(session.proofs) == {"goal!0", "goal!2"}
