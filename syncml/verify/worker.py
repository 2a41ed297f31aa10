"""What a worker process does: it runs an engine on a task, and says what the engine reports.

    in:   {"task", "engine", "system", "budget"} with "goals", "lemmas" and "known", or with "queries";
          {"task", "engine", "system", "call"} for a function of this package
    out:  {"task", ...event} any number of times, then {"task", "event": "done"}

Each task gets a solver context of its own, so that an answer does not depend on the tasks before it. A process that is
a copy of its parent has the model that the parent built last, which no task has touched.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from syncml.verify import portfolio, remote
from syncml.verify.engines import consistency
from syncml.verify.finite.explore import STEPS_PER_SECOND, decide
from syncml.verify.localise import consistency as localised_consistency
from syncml.verify.localise import decide_all
from syncml.verify.prepared import is_kept, keep, model_of
from syncml.verify.processes import bound, serve_all
from syncml.verify.query import Query
from syncml.verify.refine import prepare as prepare_refinement
from syncml.verify.solving import Budget
from syncml.verify.system import System


def prepare(task: dict[str, Any]) -> None:
    """Build the model of a task in this process, for the copies that are made of it; the last one is kept.

    Where that fails, the task will, too, and says so.
    """
    text = task["system"]
    if text and not is_kept(text):
        with suppress(Exception):
            model = keep(text)
            if model.system.nearest:
                prepare_refinement(model)


def run(task: dict[str, Any], emit: Callable[[dict[str, Any]], None]) -> None:
    """Run one task; ``emit`` gets its events."""
    if task["engine"] == remote.ENGINE:
        remote.serve(task, emit)
        return
    budget = Budget(**task["budget"])
    if task["engine"] == "states":
        decide(System.from_json(task["system"]), task["goals"], int(budget.seconds * STEPS_PER_SECOND), emit)
        return
    model = model_of(task["system"])
    match task["engine"]:
        case "quick" | "induction" | "bmc" | "spacer" | "runs" | "bounds":
            portfolio.run(model, task, budget, emit)
        case "consistency" if model.system.nonlinear:
            localised_consistency(model, budget, emit)
        case "consistency":
            consistency(model, budget, emit)
        case "localised":
            decide_all(model, [[Query.from_data(q) for q in group] for group in task["queries"]], budget, emit)
        case other:
            raise ValueError(f"no engine {other!r}")


def main(memory: int) -> None:
    """Serve tasks until the input ends, with at most ``memory`` MiB beside what the program itself takes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bound(memory)
    serve_all(run, sys.stdin.buffer, sys.stdout.buffer, once=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
