"""Who makes the runs of a sweep: this process, copies of it, or a cluster (`syncml.sweep.clusters`).

Rule: a piece of work is a range of runs; each is made once and handed back once, in any order. A worker that ends in
the middle of a piece has handed back nothing of it, so another one makes the whole piece; a piece with which several
workers ended is not tried again. No worker outlives the process that started it: its pipe ends with that process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.sweep.plan import Plan, Sweep, opened
from syncml.sweep.rows import Rows

Piece: TypeAlias = tuple[int, int]
"""The runs from the first number to before the second."""
Workers: TypeAlias = Callable[[Sweep, Iterator[Piece]], Iterator[tuple[Piece, Rows]]]
"""Makes pieces; takes the next one when it is about to begin it."""

MOST_ENDS = 3
"""How many workers may end with one piece."""


def alone(sweep: Sweep, pieces: Iterator[Piece]) -> Iterator[tuple[Piece, Rows]]:
    """This process."""
    for first, last in pieces:
        yield (first, last), sweep.rows(first, last)


def processes(jobs: int) -> Workers:
    """As many processes as ``jobs``; where the system can, copies of this one, which need not prepare anything."""
    if jobs == 1:
        return alone

    def make(sweep: Sweep, pieces: Iterator[Piece]) -> Iterator[tuple[Piece, Rows]]:
        forks = sys.platform == "linux"
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        if forks:
            sweep.warm()
        workers: list[_Worker] = []

        def start() -> _Worker:
            ours, theirs = context.Pipe()
            others = [each.pipe for each in workers] if forks else []
            given = sweep if forks else sweep.plan
            process = context.Process(target=_serve, args=(theirs, [ours, *others] if forks else [], given))
            with warnings.catch_warnings():
                # Newer Pythons warn of threads that libraries of numerics keep; none runs while this one does.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            theirs.close()
            return _Worker(process, ours)

        try:
            for _ in range(jobs):
                workers.append(start())
            yield from _shared(workers, pieces, start)
        finally:
            for worker in workers:
                worker.process.kill()
                worker.pipe.close()
                worker.process.join()

    return make


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection[Any, Any]
    piece: Piece | None = None

    def begin(self, piece: Piece | None) -> None:
        self.piece = piece
        if piece is not None:
            # If it has ended by now, its pipe says so when it is waited for.
            with suppress(OSError):
                self.pipe.send(piece)


def _shared(
    workers: list[_Worker], pieces: Iterator[Piece], start: Callable[[], _Worker]
) -> Iterator[tuple[Piece, Rows]]:
    ends: dict[Piece, int] = {}
    for worker in workers:
        worker.begin(next(pieces, None))
    while busy := {each.pipe: each for each in workers if each.piece is not None}:
        for pipe in wait(list(busy)):
            worker = busy[pipe]  # pyright: ignore[reportArgumentType]
            piece = worker.piece
            assert piece is not None
            try:
                found = worker.pipe.recv()
            except (EOFError, OSError):
                ends[piece] = ends.get(piece, 0) + 1
                if ends[piece] == MOST_ENDS:
                    worker.process.join()
                    raise ended(piece, worker.process.exitcode) from None
                worker.pipe.close()
                place = workers.index(worker)
                del workers[place]
                workers.insert(place, start())
                workers[place].begin(piece)
                continue
            if isinstance(found, Exception):
                raise found
            worker.begin(next(pieces, None))
            yield piece, found


def ended(piece: Piece, code: int | None) -> DiagnosticError:
    """S016: a piece with which every worker ends."""
    how = "" if code is None else f" (signal {-code})" if code < 0 else f" (exit code {code})"
    message = f"{MOST_ENDS} workers ended{how} while they made the runs {piece[0]} to {piece[1] - 1}"
    return DiagnosticError(error("S016", message, help="give them more memory: fewer --jobs, or a smaller --chunk"))


def _serve(pipe: Connection[Any, Any], others: Sequence[Connection[Any, Any]], given: Sweep | Plan) -> None:
    """The life of a worker: an interrupt from the keyboard is its parent's affair alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for other in others:
        # While a copy of its end is open, a pipe does not end.
        other.close()
    sweep = given if isinstance(given, Sweep) else opened(given)
    with suppress(EOFError, OSError):
        while True:
            first, last = pipe.recv()
            try:
                found: Rows | Exception = sweep.rows(first, last)
            except Exception as fault:  # Its parent tells it, whatever it is.
                found = fault
            pipe.send(found)
    # A copy of a process has nothing of its own to finish.
    os._exit(0)
