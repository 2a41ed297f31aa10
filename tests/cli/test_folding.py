"""`--fold`: the same trace and the same outputs, and what a person reads of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAM = """
from typing import Literal as L

import numpy as np

from syncml import Stream, Vec, constant, einsum, ensure, f32, node, tanh, window

KERNEL = constant((np.arange(24).reshape(3, 2, 4) / 10).astype(np.float32), name="kernel")


@node
def main(x: Stream[Vec[L[2]]]) -> Stream[Vec[L[4]]]:
    hidden = tanh(einsum("wkc,kco->wo", window(x, 12, init=0.1).windows(3), KERNEL))
    ensure(hidden[-1].max() < 2.0, "bounded")
    return hidden.max(axis=0)
"""


def test_a_trace_is_the_same_folded_and_not(syncml: Callable, tmp_path: Path) -> None:
    program, table = tmp_path / "spot.py", tmp_path / "in.csv"
    program.write_text(PROGRAM, "utf-8")
    table.write_text("x[0],x[1]\n" + "".join(f"{i % 5}.5,-{i % 3}.25\n" for i in range(30)), "utf-8")
    traces: set[bytes] = set()
    for options in (("--engine", "interp"), ("--fold", "auto"), ("--fold", "never")):
        out = tmp_path / "out.csv"
        run = syncml("sim", program, "--input", table, "--out", out, "-q", *options)
        assert run.code == 0, run.out
        traces.add(out.read_bytes())
    assert len(traces) == 1


def test_an_export_says_what_was_folded(syncml: Callable, tmp_path: Path) -> None:
    program = tmp_path / "spot.py"
    program.write_text(PROGRAM, "utf-8")
    run = syncml("export", program, "-o", tmp_path / "out", "--steps", "5")
    assert "240 products a tick become 24; 160 bytes of columns are kept in 2 lines" in run.out
    run = syncml("export", program, "-o", tmp_path / "out", "--steps", "5", "--fold", "never")
    assert run.code == 0
    assert "folded" not in run.out
    assert syncml("export", program, "-o", tmp_path / "out", "--fold", "sometimes").code == 2


PADDED = """
from typing import Literal as L

import numpy as np

from syncml import Stream, Vec, node, window
from syncml.nodes.convolution import Conv1d
from syncml.nodes.pooling import max_pool

DRAWN = np.random.default_rng(3)
LAYERS = [
    Conv1d((DRAWN.normal(size=s) * 0.3).astype(np.float32), channels_last=True, padding=2, name=f"layer_{k}")
    for k, s in enumerate([(12, 2, 5), (12, 12, 5), (12, 12, 5), (12, 12, 5)])
]


@node
def main(x: Stream[Vec[L[2]]]) -> Stream[Vec[L[12]]]:
    h = window(x, 24)
    for layer in LAYERS:
        h = layer(h)
    return max_pool(h, (24,), channels_last=True).reshape(12)
"""


def test_folding_that_takes_too_much_memory_is_declined_and_said(syncml: Callable, tmp_path: Path) -> None:
    program, out = tmp_path / "padded.py", tmp_path / "out"
    program.write_text(PADDED, "utf-8")

    def exported(*options: str) -> tuple[str, dict[str, Any]]:
        run = syncml("export", program, "-o", out, "--steps", "5", *options)
        assert run.code == 0, run.out
        document = json.loads((out / "evidence" / "report.json").read_text("utf-8"))
        return run.out, document["ram"] | {"folding": document["folding"]}

    small = ("--target", "cortex-m4f", "--stack", "1K")
    said, declined = exported(*small)
    assert "not folded over time" in said and "`--fold always` folds all the same" in said
    both = declined["folding"]
    assert both["exported"] == "unfolded"
    faster = both["instructions"]["unfolded"] / both["instructions"]["folded"]
    larger = both["ram"]["folded"] / both["ram"]["unfolded"]
    assert 1 < faster < larger
    assert declined["total"] == both["ram"]["unfolded"]
    said, forced = exported(*small, "--fold", "always")
    assert "products a tick become" in said and "not folded" not in said
    assert (forced["folding"]["exported"], forced["total"]) == ("folded", both["ram"]["folded"])
    # Where there is memory enough, less work decides.
    said, ample = exported("--stack", "64K")
    assert "products a tick become" in said and ample["folding"]["exported"] == "folded"
