"""A sweep on a local cluster of two workers, one of which is killed in the middle: `python on_cluster.py ray|dask DIR`.

In a process of its own: clusters have threads, warnings and messages of theirs.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from syncml.sweep.clusters import on_dask, on_ray
from syncml.sweep.rows import Summary
from syncml.sweep.store import read_manifest
from tests.sweep.scenes import digest, sweep_in, swept

KILLED_AFTER = 8


def children(parent: int) -> list[int]:
    """All processes below one."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found += [int(entry.name), *children(int(entry.name))]
        except OSError:
            continue
    return found


def worker() -> int | None:
    """A process that makes runs."""
    for process in children(os.getpid()):
        command = (Path("/proc") / str(process) / "cmdline").read_bytes().decode()
        if command.startswith("ray::make_piece") or "spawn_main" in command:
            return process
    return None


def main(engine: str, folder: Path) -> None:
    sweep = sweep_in(folder, 400)
    swept(sweep, folder / "whole")
    told = 0
    killed: list[int] = []

    def count(_: Summary) -> None:
        nonlocal told
        told += 1
        if told >= KILLED_AFTER and not killed and (found := worker()) is not None:
            os.kill(found, signal.SIGKILL)
            killed.append(found)

    make = {"ray": on_ray, "dask": on_dask}[engine]
    store = swept(sweep, folder / "cluster", make(2, None), told=count, chunk=10)
    assert killed, "no worker was killed"
    assert store.summary.runs == 400
    assert digest(folder / "cluster") == digest(folder / "whole")
    found = read_manifest(folder / "cluster")
    assert found is not None and found.complete
    print("same", told)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
