"""A pool of worker processes, each of which can be ended at any time.

Rule: a task ends with the event ``done``, whatever becomes of it. A solver may ignore its time-out, use all memory or
crash; the parent then ends its process and reports the task as failed, which decides nothing, and the others go on.
Tasks start in the order of submission.

An interrupt that Python raises where exceptions are dropped, as in the release of a term of the solver, would be lost;
so it is noted too, and raised again by who waits for events.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import field
from math import inf
from types import FrameType, TracebackType
from typing import Any, Self

from syncml.dataclass import dataclass
from syncml.verify.early import taken
from syncml.verify.processes import Process, can_fork, forked, spawned, usual_memory, what_ended

HEED = 0.5
"""Seconds after which a wait looks whether there was an interrupt."""

SOON = 0.02
"""Seconds within which a task ends whose result is known, as a rule."""

GRACE = 2.0
"""Seconds that a task may run beyond its limit before its process is ended."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: Process
    task: int | None = None
    deadline: float = 0.0
    buffer: bytes = b""


@dataclass(slots=True)
class Pool:
    """Up to ``jobs`` workers; use it as a context manager, which ends them all.

    Attributes:
        jobs: How many tasks run at a time.
        memory: MiB for each; 0 stands for a share of what the machine has.
        alarm: When, of the monotonic clock, who waits for events is to have one.
        stopped: Whether the user has interrupted the work; no task starts from then on.
        command: What starts a worker; without it, a worker is a copy of this process where that is possible.
    """

    jobs: int
    memory: int = 0
    command: tuple[str, ...] = ()
    alarm: float = inf
    stopped: bool = False
    _waiting: deque[tuple[int, dict[str, Any]]] = field(default_factory=deque[tuple[int, dict[str, Any]]])
    _workers: list[_Worker] = field(default_factory=list[_Worker])
    _count: int = 0
    _interrupted: bool = False
    _handler: Any = None

    def __enter__(self) -> Self:
        self.memory = self.memory or usual_memory(self.jobs)
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._handler = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True
        self._handler(number, frame)

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        for worker in self._workers:
            worker.process.end()
        self._workers.clear()
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)

    def submit(self, task: dict[str, Any]) -> int:
        """Queue a task, a dictionary as `worker` reads it, whose ``limit`` is in seconds; returns its number."""
        self._count += 1
        if not self.stopped:
            self._waiting.append((self._count, task))
        return self._count

    def pending(self) -> set[int]:
        """The tasks that wait or run."""
        return {n for n, _ in self._waiting} | {w.task for w in self._workers if w.task is not None}

    def stop(self) -> None:
        """End all tasks, and start none any more: what is known now is the result."""
        self.stopped = True
        self.cancel_all()

    def cancel_all(self, keep: int = 0) -> None:
        """Forget every task but ``keep``, and end the processes of those that run."""
        self._waiting = deque((n, t) for n, t in self._waiting if n == keep)
        for worker in [w for w in self._workers if w.task not in (None, keep)]:
            if worker.process.once or not self._ends(worker):
                self._drop(worker)
            worker.task = None

    @staticmethod
    def _ends(worker: _Worker) -> bool:
        """Whether a worker that serves many tasks is done with its own in a moment; what it says of it is forgotten."""
        until = time.monotonic() + SOON
        with selectors.DefaultSelector() as selector:
            selector.register(worker.process.events, selectors.EVENT_READ)
            while True:
                while b"\n" in worker.buffer:
                    line, _, worker.buffer = worker.buffer.partition(b"\n")
                    event = _event(line)
                    if event is None or (event["task"], event["event"]) == (worker.task, "done"):
                        return event is not None
                if not selector.select(max(0.0, until - time.monotonic())):
                    return False
                data = os.read(worker.process.events.fileno(), 1 << 20)
                if not data:
                    return False
                worker.buffer += data

    def events(self, deadline: float = inf) -> Iterator[tuple[int, dict[str, Any]]]:
        """What tasks report, until none waits or runs; submit and cancel_all may be called in between.

        At ``deadline`` (of the monotonic clock) all tasks are forgotten; at ``alarm`` there is an event of no task.
        """
        while True:
            if self._interrupted and not self.stopped:
                raise KeyboardInterrupt
            if time.monotonic() > deadline:
                self.cancel_all()
                return
            if time.monotonic() > self.alarm:
                self.alarm = inf
                yield 0, {"event": "alarm"}
            yield from self._start()
            running = [w for w in self._workers if w.task is not None]
            if not running:
                return
            yield from self._read(running, deadline)

    def _start(self) -> Iterator[tuple[int, dict[str, Any]]]:
        while self._waiting:
            worker = next((w for w in self._workers if w.task is None), None)
            if worker is None and len(self._workers) == self.jobs:
                return
            number, task = self._waiting.popleft()
            try:
                if worker is None:
                    worker = _Worker(self._process(task))
                    self._workers.append(worker)
                worker.task, worker.buffer = number, b""
                worker.deadline = time.monotonic() + task["limit"] + GRACE
                worker.process.tasks.write(json.dumps({"task": number, **task}).encode() + b"\n")
                worker.process.tasks.flush()
            except OSError as fault:
                # The end of a process that is there is seen as an empty read.
                if worker is None:
                    yield number, {"event": "failed", "reason": f"no process for the solver: {fault}"}
                    yield number, {"event": "done"}

    def _process(self, task: dict[str, Any]) -> Process:
        if not self.command and (early := taken()) is not None:
            return early
        if self.command or not can_fork():
            return spawned(self.command or (sys.executable, "-m", "syncml.verify.worker", str(self.memory)))
        # Loaded here, for its solvers need not be in this process where workers are programs of their own.
        from syncml.verify.worker import prepare, run

        prepare(task)
        return forked(run, self.memory, task["limit"] + GRACE, [w.process for w in self._workers])

    def _read(self, running: list[_Worker], deadline: float) -> Iterator[tuple[int, dict[str, Any]]]:
        with selectors.DefaultSelector() as selector:
            for worker in running:
                selector.register(worker.process.events, selectors.EVENT_READ, worker)
            wait = max(0.0, min(deadline, self.alarm, *(w.deadline for w in running)) - time.monotonic())
            ready = [key.data for key, _ in selector.select(min(wait, HEED))]
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
                self._drop(worker)
                yield from self._failed(worker, "the solver did not stop at its time limit")

    def _lines(self, worker: _Worker) -> Iterator[tuple[int, dict[str, Any]]]:
        data = os.read(worker.process.events.fileno(), 1 << 20)
        if not data:
            yield from self._failed(worker, what_ended(self._drop(worker)))
            return
        worker.buffer += data
        # Whoever takes an event may cancel the task, and with it what is left.
        while b"\n" in worker.buffer:
            line, _, worker.buffer = worker.buffer.partition(b"\n")
            event = _event(line)
            if event is None:
                self._drop(worker)
                yield from self._failed(worker, "the solver's process wrote what is no event")
                return
            if worker.task is None or event.pop("task") != worker.task:
                continue
            number = worker.task
            if event["event"] == "done":
                worker.task = None
                if worker.process.once:
                    self._drop(worker)
            yield number, event

    def _failed(self, worker: _Worker, reason: str) -> Iterator[tuple[int, dict[str, Any]]]:
        number, worker.task = worker.task, None
        if number is not None:
            yield number, {"event": "failed", "reason": reason}
            yield number, {"event": "done"}

    def _drop(self, worker: _Worker) -> int:
        """End a worker and forget it; how it ended."""
        self._workers.remove(worker)
        return worker.process.end()


def _event(line: bytes) -> dict[str, Any] | None:
    """The event that a worker wrote; None if it is none."""
    try:
        found: dict[str, Any] = json.loads(line)
        return found if {"task", "event"} <= found.keys() else None
    except (ValueError, AttributeError):
        return None
