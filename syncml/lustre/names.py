"""Names of a written file: identifiers that no keyword of Kind 2 takes and no two things share."""

from __future__ import annotations

import re

from syncml.ir.types import EnumType
from syncml.lustre.tokens import Dialect, keywords

_RESERVED = keywords(Dialect.KIND2) | {
    "bool", "int", "real", "assume", "guarantee", "require", "ensure", "mode", "weakly", "set", "map", "history",
    "param",
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "uint", "sint", "rec", "from", "at",
    "within", "decreases", "assumption_vars",
}  # fmt: skip


class Names:
    """The names that are taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set(_RESERVED)
        self._given: dict[EnumType, str] = {}

    def take(self, wanted: str) -> str:
        """``wanted`` as an identifier, with a number where it is taken."""
        base = re.sub(r"[^A-Za-z0-9_]+", "_", wanted).strip("_") or "stream"
        if base[0].isdigit():
            base = f"s_{base}"
        found, count = base, 1
        while found in self._taken:
            count += 1
            found = f"{base}_{count}"
        self._taken.add(found)
        return found

    def give(self, type_: EnumType, wanted: str) -> None:
        """Name a type."""
        self._given[type_] = self.take(wanted)

    def of(self, type_: EnumType) -> str:
        """The name of a type."""
        return self._given[type_]
