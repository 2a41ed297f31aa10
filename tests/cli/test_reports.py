"""The files of `syncml verify -o DIR`: every report says the same, and what it shows is well-formed."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest

from syncml.cli.trace_svg import drawing
from syncml.verify import Counterexample, Stream

SOURCE = """\
from syncml import Hz, Stream, assume, clip, ensure, f32, i16, node, state, where


@node(rate=Hz(10))
def main(limit: Stream[f32], press: Stream[bool], boost: Stream[bool]) -> Stream[f32]:
    assume((limit >= 20.0) & (limit <= 40.0), "map <of> limits")
    v = state(init=0.0)
    v.next = clip(v + where(press, 3.0, -1.0), 0.0, 45.0)
    fast = v > limit
    ensure((v >= 0.0) & (v <= 45.0), "speed in range", req="SR-1")
    ensure(~fast, "below & under the limit", req="SR-2")
    ensure(v < 100.0, "far below", req="SR-2")
    return v
"""


@pytest.fixture
def folder(syncml: Callable, tmp_path: Path) -> Path:
    (tmp_path / "p.py").write_text(SOURCE, "utf-8")
    result = syncml("verify", "p.py", "-o", "out", "--core")
    assert result.code == 1, result
    assert "SR-2" in result.out.partition("requirement   verdict")[2]
    return tmp_path / "out"


def test_every_report_has_the_verdicts_and_the_requirements(folder: Path) -> None:
    report = json.loads((folder / "report.json").read_text())
    verdicts = {"speed in range": "proved", "below & under the limit": "violated", "far below": "proved"}
    assert {p["name"]: p["verdict"] for p in report["properties"]} == verdicts
    assert report["requirements"] == [
        {"id": "SR-1", "verdict": "proved", "properties": ["speed in range"]},
        {"id": "SR-2", "verdict": "violated", "properties": ["below & under the limit", "far below"]},
    ]

    suite = Tree.parse(folder / "report.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "0")
    cases = {case.get("name"): case for case in suite}
    assert {
        name: "violated" if case.find("failure") is not None else "proved" for name, case in cases.items()
    } == verdicts
    assert "v > limit" in (cases["below & under the limit"].findtext("failure") or "")
    required = cases["far below"].find("properties/property[@name='requirement']")
    assert required is not None
    assert required.get("value") == "SR-2"

    [finding] = json.loads((folder / "report.sarif").read_text())["runs"][0]["results"]
    assert "below & under the limit" in finding["message"]["text"]


class Page(HTMLParser):
    """Which elements are open, what they link to, and the text."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]
        self.names |= {value for name, value in attrs if name == "id" and value}

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(folder: Path) -> None:
    source = (folder / "report.html").read_text("utf-8")
    page = Page()
    page.feed(source)
    page.close()
    assert page.open == []
    for link in page.links:
        assert link.removeprefix("#") in page.names if link.startswith("#") else (folder / link).is_file()
    assert "http://" not in source.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in source and "<script" not in source
    text = " ".join(" ".join(page.text).split())
    for words in (
        "speed in range proved", "below & under the limit violated", "SR-1", "map <of> limits", "The proof needs",
        "v > limit is true", "any value that meets the assumptions",
        "syncml sim p.py --input out/below_under_the_limit.csv",
    ):  # fmt: skip
        assert words in text, words


def test_the_picture_is_well_formed_and_shows_each_kind_of_stream() -> None:
    streams = (
        Stream("x", "f32", "m/s", (1.0, None, float("nan"), 2.5), input=True),
        Stream("on <b>", "bool", "", (False, True, True, False), user=True),
        Stream("mode", "Mode", "", ("OFF", "ON", "ON", None), user=True),
        Stream("never", "i32", "", (None,) * 4, user=True),
        Stream("vector", "f32[2]", "", ([1.0, 2.0],) * 4, user=True),
        Stream("hidden", "i32", "", (1, 2, 3, 4)),
    )
    picture = Tree.fromstring(drawing(Counterexample(3, streams), "a < b"))
    space = "{http://www.w3.org/2000/svg}"
    words = {"".join(text.itertext()) for text in picture.iter(f"{space}text")}
    assert {"x [m/s]", "on <b>", "mode", "never", "OFF", "ON", "2.5", "1.0", "0", "3"} <= words
    assert not words & {"vector", "hidden"}
    assert len(list(picture.iter(f"{space}path"))) == 1
    bands = [r for r in picture.iter(f"{space}rect") if "band" in (r.get("class") or "")]
    assert len(bands) == 3
    assert all("nan" not in (p.get("d") or "") for p in picture.iter(f"{space}path"))


def test_properties_with_like_names_have_files_of_their_own(syncml: Callable, tmp_path: Path) -> None:
    lines = [f'    ensure(x > {i}.0, "too {c} small")' for i, c in enumerate("!?-")]
    head = "from syncml import Stream, ensure, f32, node\n\n\n@node\ndef main(x: Stream[f32]) -> Stream[f32]:\n"
    (tmp_path / "p.py").write_text(head + "\n".join(lines) + "\n    return x\n", "utf-8")
    syncml("verify", "p.py", "-o", "out")
    names = {path.name for path in (tmp_path / "out").glob("*.csv")}
    assert names == {"too_small.csv", "too_small_2.csv", "too_small_3.csv"}
