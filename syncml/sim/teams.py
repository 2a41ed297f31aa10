"""Threads that help compiled code with its long loops.

Rule: threads change how long a run takes, never what it computes (`syncml.sim.numba_team`). They help while a run
lasts, if it is shorter for it; one that finds nothing to do for a while sleeps in between. How many there are is
Numba's number of threads: that of the processors which the process may use, or ``NUMBA_NUM_THREADS``.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from threading import Thread
from time import sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.sim.numba_cache import Runner, load_runner

MOST = 4
"""Threads of a run by itself: loops that are worth sharing at all are soon too short for more."""

LINE = 16
"""Words that are apart so much are never in one line of memory, which only one processor can write at a time."""

TASK, DONE, HELPERS = 0, LINE, 2 * LINE
SLICES, BODY, ARGUMENTS = HELPERS + 1, HELPERS + 2, HELPERS + 3
CLAIMS = 3 * LINE
"""Places of the words that threads share; the last is the first of those of slices."""

LAST = CLAIMS + LINE * MOST
WINDOW, ALONE, COUNT, SPENT, SHARED = LAST + 1, LAST + 2, LAST + 3, LAST + 4, LAST + 5
"""Places of what the main thread knows: when the last task began, the number of the window of tasks, whether it works
alone in it, how many of its tasks there were, how long they took, and how long those of the last shared trial took."""

WORDS = SHARED + 1
"""How many words there are."""

STOP = -1
"""The number of the task that ends the work of helpers."""

_PATIENCE = 2_000
"""How often a helper looks for work before it sleeps: about a millisecond."""

_NAP = 5e-5

_HELPER = '''"""Generated; any change is lost."""
from numba import njit
from syncml.sim.numba_intrinsics import pointer
from syncml.sim.numba_team import help_until_idle


@njit("boolean(int64[::1], int64, int64)", cache=True, nogil=True)
def run(team, first, patience):
    return help_until_idle(pointer(team), first, patience)
'''


def threads() -> int:
    """How many threads a run has, the one that it began in included."""
    from numba.core import config

    available: Any = config
    return min(MOST, int(available.NUMBA_NUM_THREADS))


@contextmanager
def helped(team: NDArray[np.int64]) -> Generator[None]:
    """Let threads help with the tasks that compiled code posts to ``team``, one array of `WORDS` words."""
    helpers = threads() - 1
    # What is known of windows stays; the time between two runs belongs to none.
    team[:WINDOW] = 0
    if not helpers:
        yield
        return
    team[HELPERS], team[SLICES] = helpers, helpers + 1
    run = load_runner(_HELPER)
    # They end with the run: a process that has no threads can be copied.
    found: list[Thread] = []
    try:
        for which in range(helpers):
            thread = Thread(target=_help, args=(run, team, 1 + which))
            thread.start()
            found.append(thread)
        yield
    finally:
        team[TASK] = STOP
        for thread in found:
            thread.join()


def _help(run: Runner, team: NDArray[np.int64], first: int) -> None:
    while not run(team, first, _PATIENCE):
        sleep(_NAP)
