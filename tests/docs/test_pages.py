"""Every block of the documentation does what the page says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Reader, blocks, compare, prepare

TUTORIAL = sorted((ROOT / "docs" / "tutorial").glob("[0-9]*.md"))
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "reference" / "backward.md",
    ROOT / "docs" / "reference" / "constructs.md",
    ROOT / "docs" / "reference" / "contracts.md",
    ROOT / "docs" / "reference" / "derivatives.md",
    ROOT / "docs" / "reference" / "exported-c.md",
    ROOT / "docs" / "reference" / "modular-proofs.md",
    ROOT / "docs" / "reference" / "reinforcement-learning.md",
    ROOT / "docs" / "reference" / "scenario-files.md",
    ROOT / "docs" / "reference" / "training.md",
    *(p for p in sorted((ROOT / "docs" / "how-to").glob("*.md")) if p.name != "counterexamples.md"),
    *sorted((ROOT / "docs" / "explanation").glob("*.md")),
]
"""The blocks of counterexamples.md are run with those of the reference of verification, on which they build."""


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A reader in a copy of the project's folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    prepare(tmp_path)
    return Reader(tmp_path)


def test_the_tutorial_works_from_the_first_page_to_the_last(reader: Reader) -> None:
    assert len(TUTORIAL) >= 6
    for page in TUTORIAL:
        assert reader.read(page), page


@pytest.mark.parametrize("page", [pytest.param(page, id=page.stem) for page in PAGES])
def test_a_page_does_what_it_says(page: Path, reader: Reader) -> None:
    reader.read(page)


def test_a_wrong_block_is_noticed(reader: Reader) -> None:
    page = reader.folder / "wrong.md"
    for text in (
        "```console\n$ syncml explain C999\n```\n",
        "```console\n$ syncml --version\nsyncml of another version\n```\n",
        "```python\nassert False\n```\n",
        "```c of=examples/follow.py\nint main(void);\n```\n",
        "```sh\nmake nothing\n```\n",
        "```text\nnobody checks this\n```\n",
    ):
        page.write_text(text, "utf-8")
        (block,) = blocks(page)
        with pytest.raises((AssertionError, ValueError)):
            reader._do(block)


def test_comparison_masks_time_and_nothing_else() -> None:
    compare("2 proved in 1.2 s", "2 proved in 30.4 s")
    compare("a   b\n...\nz", "a b\nc\nd\nz")
    compare("c", "a\nc\nd", part=True)
    for shown, found in (("2 proved in 1.2 s", "3 proved in 1.2 s"), ("a\nz", "a\nb\nz"), ("a", "a\nb")):
        with pytest.raises(AssertionError):
            compare(shown, found)
    with pytest.raises(AssertionError):
        compare("/* room: follow.py:32 */", "/* room: home/me/follow.py:32 */")


def test_the_operators_of_onnx_are_listed() -> None:
    from syncml.networks.onnx_operators import OPERATORS

    page = (ROOT / "docs" / "how-to" / "networks.md").read_text("utf-8")
    listed = page.partition("- Operators: ")[2].partition(". ")[0]
    assert {name.strip().strip("`") for name in listed.split(",")} == set(OPERATORS)
