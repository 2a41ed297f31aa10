"""The pictures of the gallery are what its commands make, and nothing else is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tools.gallery import main, pictures

KEPT = ROOT / "docs" / "gallery"
FORMS = {".png": b"\x89PNG", ".gif": b"GIF89a", ".svg": (b"<?xml", b"<svg")}


def test_the_page_makes_its_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert main([str(tmp_path)]) == 0
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {Path(picture).name for picture in pictures()} == {path.name for path in KEPT.iterdir()}
    assert len(made) >= 5
    for name in made:
        new, kept = (tmp_path / name).read_bytes(), (KEPT / name).read_bytes()
        assert new.startswith(FORMS[Path(name).suffix])
        # Versions of the libraries draw and pack a little differently.
        assert 0.5 < len(new) / len(kept) < 2.0, name
