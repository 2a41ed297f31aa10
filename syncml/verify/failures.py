"""What was tried in vain, so that an unchanged program does not pay for it in every run.

Rule: the key is a hash of the node, of what was asked, and of the versions of the verifier and the solver; an entry has
the reason for each property, and the seconds that were spent. It counts where no more time is to be had now. Nothing
rests on an entry but that a proof is not sought; one that cannot be read or written is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path

from syncml.diagnostics.model import DiagnosticError
from syncml.files import write_whole
from syncml.ir.equations.pretty import print_program
from syncml.ir.equations.syntax import Node, Program
from syncml.verify.store import versions

CLOSE = 0.8
"""An attempt with this part of the time would have had the same result."""


def entry_of(folder: Path, node: Node, asked: Collection[tuple[str, str]], engines: Collection[str]) -> Path:
    """Where the entry of an attempt on some properties of a node is kept."""
    text = print_program(Program((node,), node.name))
    parts = [versions(), text, sorted(asked), sorted(engines)]
    key = sha256(json.dumps(parts).encode()).hexdigest()
    return folder / "failures" / key[:2] / f"{key}.json"


def failures(entry: Path, seconds: float) -> dict[str, str]:
    """The properties that were not shown in an attempt of as many ``seconds``, and why."""
    try:
        document = json.loads(entry.read_text("utf-8"))
        known = {str(name): str(reason) for name, reason in document["reasons"].items()}
        return known if float(document["seconds"]) >= CLOSE * seconds else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def keep_failures(entry: Path, reasons: Mapping[str, str], seconds: float) -> None:
    """Keep what was not shown."""
    try:
        write_whole(entry, json.dumps({"seconds": seconds, "reasons": dict(reasons)}).encode())
    except DiagnosticError:
        return
