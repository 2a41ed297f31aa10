"""Processes that serve tasks: how one starts, what it may use, and how it ends.

A process reads tasks and writes events, each a line of JSON. Where the system can fork, and nothing else runs in this
process, it is a copy of this one, which costs milliseconds and has whatever the parent has prepared; it serves one
task, so that no answer depends on the tasks before. Elsewhere, and where it starts before there is anything to prepare,
it serves many, each in a context of its own.

Either ends at once when its input ends, so that none outlives its parent, however that ends. An interrupt from the
keyboard is the parent's affair alone.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from math import ceil
from pathlib import Path
from typing import IO, Any, TypeAlias

from syncml.dataclass import dataclass

MEBIBYTE = 1 << 20

Serve: TypeAlias = Callable[[dict[str, Any], Callable[[dict[str, Any]], None]], None]
"""Runs one task; the second argument takes its events."""


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """A process that serves tasks.

    Attributes:
        tasks: Takes tasks; what is written must be flushed.
        events: Gives events.
        kill: Ends it now.
        wait: Waits for its end; the exit code, or minus the number of the signal that ended it.
        once: Whether it ends after one task.
    """

    tasks: IO[bytes]
    events: IO[bytes]
    kill: Callable[[], None]
    wait: Callable[[], int]
    once: bool

    def end(self) -> int:
        """End it, whatever it does; the exit code that it has or gets, or minus the signal."""
        with suppress(ProcessLookupError):
            self.kill()
        for pipe in (self.tasks, self.events):
            # What was not written to a process that ended is lost.
            with suppress(OSError):
                pipe.close()
        return self.wait()


def can_fork() -> bool:
    """Whether a copy of this process is safe: no other thread may hold a lock that the copy waits for."""
    return sys.platform == "linux" and threading.active_count() == 1


def forked(serve: Serve, memory: int, seconds: float, siblings: Iterable[Process]) -> Process:
    """A copy of this process that serves one task with at most ``memory`` MiB of its own and ``seconds`` of work."""

    def work(source: IO[bytes], sink: IO[bytes]) -> None:
        bound(memory, seconds)
        serve_all(serve, source, sink, once=True)

    return _copied(work, siblings, once=True)


def forked_ahead(loading: Callable[[], Serve], memory: int) -> Process:
    """A copy of this process that serves many tasks with what it loads first, each with at most ``memory`` MiB."""

    def work(source: IO[bytes], sink: IO[bytes]) -> None:
        bound(memory)
        serve_all(loading(), source, sink, once=False)

    return _copied(work, (), once=False)


def _copied(work: Callable[[IO[bytes], IO[bytes]], None], siblings: Iterable[Process], *, once: bool) -> Process:
    """A copy of this process that does its work with a source of tasks and a sink for events."""
    tasks, to_child = os.pipe()
    from_child, events = os.pipe()
    with _no_interrupt(), warnings.catch_warnings():
        # Newer Pythons warn of threads that libraries of numerics keep; none runs while this thread does.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if not child:
            try:
                # While a copy of their pipes is open, the input of the others does not end.
                for pipe in (to_child, from_child, *(sibling.tasks.fileno() for sibling in siblings)):
                    os.close(pipe)
                nothing = os.open(os.devnull, os.O_WRONLY)
                for stream in (1, 2):
                    os.dup2(nothing, stream)
                gc.freeze()
                work(os.fdopen(tasks, "rb"), os.fdopen(events, "wb"))
            finally:
                os._exit(0)
    for pipe in (tasks, events):
        os.close(pipe)
    return Process(
        os.fdopen(to_child, "wb"),
        os.fdopen(from_child, "rb"),
        lambda: os.kill(child, signal.SIGKILL),
        lambda: os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]),
        once=once,
    )


def spawned(command: tuple[str, ...]) -> Process:
    """A new process that serves tasks until its input ends."""
    # Loaded where it is needed.
    import subprocess

    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )  # fmt: skip
    if process.stdin is None or process.stdout is None:
        raise OSError("the worker has no pipe")
    return Process(process.stdin, process.stdout, process.kill, process.wait, once=False)


def serve_all(serve: Serve, source: IO[bytes], sink: IO[bytes], *, once: bool) -> None:
    """Serve the tasks of ``source``, or the first of them; the process ends with its input."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in source:
            waiting.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        task: dict[str, Any] = json.loads(waiting.get())

        def emit(event: dict[str, Any], number: int = task["task"]) -> None:
            sink.write(json.dumps({"task": number, **event}).encode() + b"\n")
            sink.flush()

        try:
            serve(task, emit)
        except MemoryError:
            emit({"event": "failed", "reason": "the solver ran out of memory"})
        except Exception as fault:
            memory = "out of memory" in str(fault) or "max. memory" in str(fault)
            told = "the solver ran out of memory" if memory else f"{type(fault).__name__}: {fault}"
            emit({"event": "failed", "reason": told})
        emit({"event": "done"})
        if once:
            return


def bound(mebibytes: int, seconds: float | None = None) -> None:
    """Let this process use so much more memory, and processor time from its start, where the system can say so."""
    try:
        import resource
    except ImportError:
        return
    used = 0
    with suppress(OSError):
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    bounds = [(resource.RLIMIT_AS, used + mebibytes * MEBIBYTE)]
    if seconds is not None:
        bounds.append((resource.RLIMIT_CPU, ceil(seconds)))
    for what, amount in bounds:
        _, most = resource.getrlimit(what)
        if most == resource.RLIM_INFINITY or amount < most:
            with suppress(OSError, ValueError):
                resource.setrlimit(what, (amount, most))


def usual_memory(jobs: int) -> int:
    """MiB for each of ``jobs`` processes: together they take three quarters of the memory that the machine has."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEBIBYTE
    except (AttributeError, ValueError, OSError):
        machine = 8192
    return max(512, machine * 3 // 4 // jobs)


def what_ended(status: int) -> str:
    """Why a process ended that was not told to, by its exit code or minus the signal."""
    return f"the solver's process ended ({signal.Signals(-status).name if status < 0 else f'exit code {status}'})"


@contextmanager
def _no_interrupt() -> Generator[None]:
    """Hold interrupts back, lest a process is started that nobody knows."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
