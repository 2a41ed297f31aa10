"""What a training run keeps in its folder, and how it goes on from there.

    run.json               what the run was made from
    state.npz              all that the next tick depends on, and the curve so far: one file, replaced as a whole
    weights.safetensors    the parameters of that moment
    curve.csv              the curve so far

Rule: `restore` of what `save` wrote goes on to the same bits as a run that was never interrupted. It refuses a folder
of another program, other data or another seed.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.files import write_whole
from syncml.training.checkpoints import write_weights
from syncml.training.curve import Point, to_csv
from syncml.training.learner import Learner

RUN, STATE, WEIGHTS, CURVE = "run.json", "state.npz", "weights.safetensors", "curve.csv"
SCHEMA = "syncml/training/1"


def save(folder: Path, learner: Learner, points: Sequence[Point]) -> None:
    """Write the files, each whole or not at all; the state comes before what follows from it.

    Raises:
        DiagnosticError: D001, they cannot be written.
    """
    about = {
        "at": learner.at,
        "updates": learner.updates,
        "points": [[p.steps, p.updates, [value.hex() for value in p.values]] for p in points],
    }
    made_from = {"schema": SCHEMA, "program": learner.checked.main.label, "digest": learner.digest()}
    if not (folder / RUN).exists():
        write_whole(folder / RUN, (json.dumps(made_from, indent=2) + "\n").encode())
    content = io.BytesIO()
    arrays: dict[str, Any] = {
        **learner.simulation.saved(),
        "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
    }
    np.savez(content, **arrays)
    write_whole(folder / STATE, content.getvalue())
    write_weights(folder / WEIGHTS, learner.weights(), learner.updates)
    write_whole(folder / CURVE, to_csv([var.name for var in learner.curves], points))


def restore(folder: Path, learner: Learner) -> list[Point]:
    """Put a learner where a run was saved; the curve up to there.

    Raises:
        DiagnosticError: D001, there is nothing to go on from; D004, it is damaged; S017, it is of another run.
    """
    _check_origin(folder, learner)
    path = folder / STATE
    try:
        with np.load(io.BytesIO(_content(path)), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        about = json.loads(arrays.pop("about").tobytes())
        points = [Point(n, u, tuple(map(float.fromhex, values))) for n, u, values in about["points"]]
        learner.simulation.restore(arrays)
        learner.at, learner.updates = int(about["at"]), int(about["updates"])
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as wrong:
        raise _damaged(path, wrong) from wrong
    return points


def _check_origin(folder: Path, learner: Learner) -> None:
    """Refuse the folder of another run."""
    path = folder / RUN
    try:
        found = json.loads(_content(path))
        digest, schema = str(found["digest"]), str(found["schema"])
    except (ValueError, KeyError, TypeError) as wrong:
        raise _damaged(path, wrong) from wrong
    if (digest, schema) != (learner.digest(), SCHEMA):
        message = f"{folder} was saved by another training run"
        notes = ["the program, its settings, its first weights, the seed or the data differ"]
        help_ = "give the same ones, or start without --resume in another folder"
        raise DiagnosticError(error("S017", message, Span.point(str(path)), notes=notes, help=help_))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as wrong:
        message = f"cannot read {path}: {wrong.strerror or wrong}"
        help_ = "start without --resume; a run with --checkpoint leaves what it can go on from"
        raise DiagnosticError(error("D001", message, help=help_)) from wrong


def _damaged(path: Path, wrong: Exception) -> DiagnosticError:
    message = f"{path} is damaged or cut short: {wrong}"
    return DiagnosticError(
        error("D004", message, Span.point(str(path)), help="start without --resume in another folder")
    )
