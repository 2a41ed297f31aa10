"""Run a sweep: what is missing in its folder is made, kept, and told of.

Rule: the traces that are kept are those of the failing runs with the least numbers, so they are the same however the
work was shared; they are made when all runs are.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from syncml.dataclass import dataclass
from syncml.scenario.runners import RunOne
from syncml.sim.formats import WRITERS, to_csv
from syncml.sim.monitor import stream_names
from syncml.sim.trace import Trace
from syncml.sweep.manifest import Manifest, relative
from syncml.sweep.plan import Sweep
from syncml.sweep.rows import Summary
from syncml.sweep.store import Store, open_store
from syncml.sweep.tables import Form, Table
from syncml.sweep.workers import Workers

PART = 65_536
"""Runs whose rows are in one file."""
CHUNK, CHUNK_AMONG_ACTORS = 4_096, 1_024
"""Runs that a worker makes at a time, unless it is said how many."""
TRACES = 10
"""Failing runs whose traces are kept, unless it is said how many."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sweep is run and kept; its rows depend on none of it.

    Attributes:
        folder: Where the results are.
        form: Of the files.
        chunk: Runs that a worker makes at a time.
        traces: Failing runs whose traces are kept.
        restart: Whether to discard what there is in the folder.
        part: Runs whose rows are in one file.
    """

    folder: Path
    form: Form
    chunk: int | None = None
    traces: int = TRACES
    restart: bool = False
    part: int = PART


def table_of(sweep: Sweep, form: Form) -> Table:
    """How the rows of a sweep are written."""
    return Table(form, sweep.template.name, sweep.identity.program[:16], sweep.clauses.names)


def manifest_of(sweep: Sweep, settings: Settings) -> Manifest:
    """What the folder of a sweep says of it at first."""
    plan, identity = sweep.plan, sweep.identity
    return Manifest(
        version=identity.version,
        program=relative(plan.program, settings.folder),
        node=plan.node,
        settings=dict(plan.settings),
        program_sha256=identity.program,
        scenario=relative(plan.scenario, settings.folder),
        connection=None if plan.connection is None else relative(plan.connection, settings.folder),
        scenario_sha256=identity.scenario,
        seed=identity.seed,
        runs=identity.runs,
        part=settings.part,
        form=settings.form,
        most_traces=settings.traces,
    )


def run_sweep(
    sweep: Sweep, settings: Settings, workers: Workers, trace: Callable[[], RunOne], told: Callable[[Summary], None]
) -> Store:
    """Make all runs that are missing; the folder with all of them.

    Args:
        sweep: What to run.
        settings: Where to.
        workers: Who makes the runs.
        trace: Gives what makes the trace of one run; asked for if there is a failing one.
        told: Hears what became of all runs that are done, now and then.

    Raises:
        DiagnosticError: D001, U003, S013, S014, about the folder; S001 to S012, S016, about a run. What was made stays.
    """
    store = open_store(
        settings.folder, manifest_of(sweep, settings), table_of(sweep, settings.form), restart=settings.restart
    )
    try:
        chunk = settings.chunk or (CHUNK_AMONG_ACTORS if sweep.has_actors else CHUNK)
        total = store.summary
        told(total)
        for (first, last), rows in workers(sweep, store.missing(chunk)):
            total = total.plus(store.add(first, last, rows), settings.traces)
            told(total)
        _keep_traces(sweep, store, total, trace)
        if not store.manifest.complete:
            store.finish()
    finally:
        store.release()
    return store


def _keep_traces(sweep: Sweep, store: Store, total: Summary, trace: Callable[[], RunOne]) -> None:
    kept = {each.run for each in store.manifest.traces}
    wanted = [run for run in total.failing[: store.manifest.most_traces] if run not in kept]
    if not wanted:
        return
    run_one = trace()
    suffix = str(store.manifest.form)
    for run in wanted:
        whole = sweep.run(run, run_one).trace
        found = whole.only(stream_names(sweep.flat))
        store.keep_trace(run, suffix, WRITERS[f".{suffix}"](found), digest_of(found))


def digest_of(trace: Trace) -> str:
    """What stands for a trace, in whichever form it is kept: the digest of its CSV form."""
    return sha256(to_csv(trace)).hexdigest()
