"""A worker that starts before anybody knows what for: it loads the solver while this process reads the program.

Rule: it is a copy of this process from before anything was loaded, and serves many tasks like a program of its own. The
first pool that needs a worker takes it; what nobody took ends with the command that started it.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from importlib import import_module

from syncml.verify.processes import Process, Serve, can_fork, forked_ahead, usual_memory

_started: list[Process] = []


@contextmanager
def early_worker(jobs: int, memory: int, also: Collection[str] = ()) -> Generator[None]:
    """Start a worker for whoever needs one inside, if this process can be copied.

    Args:
        jobs: How many workers there will be.
        memory: MiB for each; 0 stands for a share of what the machine has.
        also: Modules that its tasks will need.
    """
    if can_fork():
        _started.append(forked_ahead(lambda: _loading(also), memory or usual_memory(jobs)))
    try:
        yield
    finally:
        if (left := taken()) is not None:
            left.end()


def taken() -> Process | None:
    """The worker, for who asks first."""
    return _started.pop() if _started else None


def _loading(also: Collection[str]) -> Serve:
    """What a worker does, with the solver and what the first tasks need."""
    from syncml.verify.prepared import ready
    from syncml.verify.worker import run

    ready()
    for name in also:
        import_module(name)
    return run
