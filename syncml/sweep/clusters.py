"""Workers on a cluster: Ray and Dask.

Rule: a worker reads the program and the scenario from the same paths as the process that started the sweep, and makes
runs only if they are the same there: their digests are compared. The cluster makes the work of a worker that it loses
again; here each piece is taken once, when it is complete.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import islice
from typing import Any

from syncml.diagnostics.model import DiagnosticError, error
from syncml.extras import optional
from syncml.sweep.plan import Identity, Plan, Sweep, opened
from syncml.sweep.rows import Rows
from syncml.sweep.workers import MOST_ENDS, Piece, Workers, ended

AHEAD = 2
"""Pieces for each worker that are handed out."""


def make_piece(plan: Plan, identity: Identity, first: int, last: int) -> Rows | DiagnosticError:
    """The work of a worker; a fault is handed back as what it is."""
    try:
        sweep = _remembered(plan, identity)
        if sweep.identity != identity:
            message = "a worker of the cluster has another program, scenario or version of syncml than this process"
            help_ = "bring the same files to the same paths of every machine"
            return DiagnosticError(error("S013", message, help=help_))
        return sweep.rows(first, last)
    except DiagnosticError as fault:
        return fault


@functools.lru_cache(maxsize=4)
def _remembered(plan: Plan, _: Identity) -> Sweep:
    """A sweep, kept for the next task of a worker; files that change make another identity."""
    return opened(plan)


def on_dask(jobs: int, address: str | None) -> Workers:
    """Workers of a Dask cluster; one of ``jobs`` processes on this machine unless there is an address.

    Raises:
        DiagnosticError: D006, Dask is not installed.
    """
    distributed: Any = optional("distributed", "--engine dask", "dask")

    def make(sweep: Sweep, pieces: Iterator[Piece]) -> Iterator[tuple[Piece, Rows]]:
        plan = sweep.plan.absolute()
        cluster: Any = None
        if address is None:
            cluster = distributed.LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
        with distributed.Client(cluster or address, set_as_default=False) as client:
            running: dict[Any, Piece] = {}

            def begin(piece: Piece) -> Any:
                # Each piece is a task of its own: what an earlier sweep computed is not taken for it.
                future = client.submit(make_piece, plan, sweep.identity, *piece, pure=False, retries=MOST_ENDS)
                running[future] = piece
                return future

            workers = max(1, len(client.scheduler_info()["workers"]))
            first = [begin(piece) for piece in islice(pieces, AHEAD * workers)]
            done = distributed.as_completed(first, loop=client.loop)
            for future in done:
                piece = running.pop(future)
                try:
                    found = future.result()
                except distributed.KilledWorker:
                    raise ended(piece, None) from None
                following = next(pieces, None)
                if following is not None:
                    done.add(begin(following))
                yield piece, _rows(found)
        if cluster is not None:
            cluster.close()

    return make


def on_ray(jobs: int, address: str | None) -> Workers:
    """Workers of a Ray cluster; one of ``jobs`` processes on this machine unless there is an address.

    Raises:
        DiagnosticError: D006, Ray is not installed.
    """
    ray: Any = optional("ray", "--engine ray", "ray")

    def make(sweep: Sweep, pieces: Iterator[Piece]) -> Iterator[tuple[Piece, Rows]]:
        plan = sweep.plan.absolute()
        own = {} if address is not None else {"num_cpus": jobs, "include_dashboard": False}
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **own)
        try:
            task: Any = ray.remote(max_retries=MOST_ENDS, num_cpus=1)(make_piece)
            running: dict[Any, Piece] = {}

            def begin(piece: Piece) -> None:
                running[task.remote(plan, sweep.identity, *piece)] = piece

            for piece in islice(pieces, AHEAD * max(1, int(ray.cluster_resources().get("CPU", jobs)))):
                begin(piece)
            while running:
                (finished,), _ = ray.wait(list(running), num_returns=1)
                piece = running.pop(finished)
                try:
                    found = ray.get(finished)
                except ray.exceptions.WorkerCrashedError:
                    raise ended(piece, None) from None
                following = next(pieces, None)
                if following is not None:
                    begin(following)
                yield piece, _rows(found)
        finally:
            ray.shutdown()

    return make


def _rows(found: Rows | DiagnosticError) -> Rows:
    if isinstance(found, DiagnosticError):
        raise found
    return found
