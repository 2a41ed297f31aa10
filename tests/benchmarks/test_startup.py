"""Times of processes are those of the processes."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.startup import measured


def test_wall_and_processor_time(tmp_path: Path) -> None:
    wall, used = measured((sys.executable, "-c", "import time; time.sleep(0.3)"), str(tmp_path), 1)
    assert wall >= 0.3
    assert used < wall
