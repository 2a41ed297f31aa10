"""The pictures of docs/gallery.md, made by the commands on that page.

    python -m tools.gallery [FOLDER]

The page is run as the tests of the documentation run it, in a folder of its own; the pictures that it shows are then
copied to FOLDER, or to where the page has them.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.docs.pages import ROOT, Reader, prepare

PAGE = ROOT / "docs" / "gallery.md"
_SHOWN = re.compile(r"^!\[[^\]]+\]\((gallery/[\w.]+)\)$", re.MULTILINE)


def pictures() -> list[str]:
    """The pictures that the page shows."""
    return _SHOWN.findall(PAGE.read_text("utf-8"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Make them."""
    given = sys.argv[1:] if arguments is None else arguments
    target = Path(given[0]).resolve() if given else PAGE.parent / "gallery"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        before = Path.cwd()
        os.chdir(folder)
        try:
            Reader(folder).read(PAGE)
        finally:
            os.chdir(before)
        for picture in pictures():
            shutil.copy(folder / picture, target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
