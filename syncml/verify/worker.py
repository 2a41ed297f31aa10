"""A worker process: reads tasks, runs an engine on each, and writes what it reports, as lines of JSON.

    in:   {"task", "engine", "system", "budget"} with "goals" and "lemmas", or with "queries"
    out:  {"task", ...event} any number of times, then {"task", "event": "done"}

Each task gets a solver context of its own, so that an answer does not depend on the tasks before it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from syncml.verify.engines import Budget, bounded, consistency, induction
from syncml.verify.localise import consistency as localised_consistency
from syncml.verify.localise import decide_all
from syncml.verify.model import Model
from syncml.verify.query import Query
from syncml.verify.spacer import reachability
from syncml.verify.system import System


def run(task: dict[str, Any], emit: Any) -> None:
    """Run one task; ``emit`` gets its events."""
    model = Model(System.from_json(task["system"]))
    budget = Budget(**task["budget"])
    match task["engine"]:
        case "bmc":
            bounded(model, task["goals"], budget, emit)
        case "induction":
            induction(model, task["goals"], budget, emit)
        case "spacer":
            reachability(model, task["goals"], budget, emit, task.get("lemmas", ()))
        case "consistency" if model.system.nonlinear:
            localised_consistency(model, budget, emit)
        case "consistency":
            consistency(model, budget, emit)
        case "localised":
            decide_all(model, [[Query.from_data(q) for q in group] for group in task["queries"]], budget, emit)
        case other:
            raise ValueError(f"no engine {other!r}")


def main() -> None:
    """Serve tasks until the input ends."""
    for line in sys.stdin:
        task = json.loads(line)

        def emit(event: dict[str, Any], name: int = task["task"]) -> None:
            sys.stdout.write(json.dumps({"task": name, **event}) + "\n")
            sys.stdout.flush()

        try:
            run(task, emit)
        except Exception as fault:
            emit({"event": "failed", "reason": f"{type(fault).__name__}: {fault}"})
        emit({"event": "done"})


if __name__ == "__main__":
    main()
