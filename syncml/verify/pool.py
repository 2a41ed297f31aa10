"""A pool of worker processes, each of which can be ended at any time.

A solver may ignore its time-out, use all memory or crash; the parent then ends the process, reports the task as
failed and starts another. Tasks start in the order of submission.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from types import TracebackType
from typing import IO, Any, Self

GRACE = 2.0
"""Seconds that a task may run beyond its limit before its process is ended."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    task: int | None = None
    deadline: float = 0.0
    buffer: bytes = b""


@dataclass(slots=True)
class Pool:
    """Up to ``jobs`` workers; use it as a context manager, which ends them all."""

    jobs: int
    command: tuple[str, ...] = (sys.executable, "-m", "syncml.verify.worker")
    _waiting: deque[tuple[int, dict[str, Any]]] = field(default_factory=deque[tuple[int, dict[str, Any]]])
    _workers: list[_Worker] = field(default_factory=list[_Worker])
    _count: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        for worker in self._workers:
            _end(worker)
        self._workers.clear()

    def submit(self, task: dict[str, Any]) -> int:
        """Queue a task, a dictionary as `worker` reads it, whose ``limit`` is in seconds; returns its number."""
        self._count += 1
        self._waiting.append((self._count, task))
        return self._count

    def cancel_all(self, keep: int = 0) -> None:
        """Forget every task but ``keep``, and end the processes of those that run."""
        self._waiting = deque((n, t) for n, t in self._waiting if n == keep)
        for worker in [w for w in self._workers if w.task not in (None, keep)]:
            self._drop(worker)

    def events(self, deadline: float = inf) -> Iterator[tuple[int, dict[str, Any]]]:
        """What tasks report, until none waits or runs; submit and cancel_all may be called in between.

        At ``deadline`` (of the monotonic clock) all tasks are forgotten.
        """
        while True:
            if time.monotonic() > deadline:
                self.cancel_all()
                return
            self._start()
            running = [w for w in self._workers if w.task is not None]
            if not running:
                return
            yield from self._read(running, deadline)

    def _start(self) -> None:
        while self._waiting:
            worker = next((w for w in self._workers if w.task is None), None)
            if worker is None and len(self._workers) < self.jobs:
                worker = _Worker(subprocess.Popen(
                    self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
                ))  # fmt: skip
                self._workers.append(worker)
            if worker is None:
                return
            number, task = self._waiting.popleft()
            worker.task, worker.buffer = number, b""
            worker.deadline = time.monotonic() + task["limit"] + GRACE
            try:
                stdin = _pipe(worker.process.stdin)
                stdin.write(json.dumps({"task": number, **task}).encode() + b"\n")
                stdin.flush()
            except OSError:
                # Its end is seen as an empty read.
                continue

    def _read(self, running: list[_Worker], deadline: float) -> Iterator[tuple[int, dict[str, Any]]]:
        with selectors.DefaultSelector() as selector:
            for worker in running:
                selector.register(_pipe(worker.process.stdout), selectors.EVENT_READ, worker)
            wait = max(0.0, min(deadline, *(w.deadline for w in running)) - time.monotonic())
            ready = [key.data for key, _ in selector.select(wait)]
        for worker in ready:
            # Whoever takes an event may cancel other tasks.
            if worker in self._workers:
                yield from self._lines(worker)
        for worker in running:
            if (
                worker in self._workers
                and worker.task is not None
                and worker not in ready
                and time.monotonic() > worker.deadline
            ):
                yield from self._failed(worker, "the solver did not stop at its time limit")

    def _lines(self, worker: _Worker) -> Iterator[tuple[int, dict[str, Any]]]:
        data = os.read(_pipe(worker.process.stdout).fileno(), 1 << 20)
        if not data:
            yield from self._failed(worker, "the solver's process ended")
            return
        *lines, worker.buffer = (worker.buffer + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            if worker.task is None or event.pop("task") != worker.task:
                continue
            number = worker.task
            if event["event"] == "done":
                worker.task = None
            yield number, event

    def _failed(self, worker: _Worker, reason: str) -> Iterator[tuple[int, dict[str, Any]]]:
        number = worker.task
        self._drop(worker)
        if number is not None:
            yield number, {"event": "failed", "reason": reason}
            yield number, {"event": "done"}

    def _drop(self, worker: _Worker) -> None:
        _end(worker)
        worker.task = None
        if worker in self._workers:
            self._workers.remove(worker)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise OSError("the worker has no pipe")
    return stream


def _end(worker: _Worker) -> None:
    worker.process.kill()
    for stream in (worker.process.stdin, worker.process.stdout):
        try:
            _pipe(stream).close()
        except OSError:
            continue
    worker.process.wait()
