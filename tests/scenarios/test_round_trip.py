"""A scenario written as YAML reads back equal, and so does what it says of the road and the actors."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from syncml.scenario.load import load, to_yaml
from syncml.scenario.model import Scenario
from syncml.scenario.templates import read_template

NUMBER = st.floats(0.5, 50.0).map(lambda v: round(v, 3))
NAMES = st.sampled_from(["lead", "other", "third"])


def quantity(unit: str) -> st.SearchStrategy[float | str]:
    return st.one_of(NUMBER, NUMBER.map(lambda v: f"{v} {unit}"), NUMBER.map(lambda v: f"${{p + {v}}}"))


def parameters() -> st.SearchStrategy[Any]:
    steps = NUMBER.map(lambda v: {"first": v, "last": v + 3.0, "step": 0.5, "unit": "km/h"})
    values = st.lists(NUMBER, min_size=1, max_size=3).map(lambda v: {"values": v})
    return st.one_of(NUMBER, steps, values)


def conditions(events: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    after = [st.sampled_from(events).map(lambda name: {"after": name, "delay": "1 s"})] if events else []
    return st.one_of(
        quantity("s").map(lambda v: {"time": v}),
        quantity("m").map(lambda v: {"gap": ["ego", "lead"], "below": v, "edge": "falling"}),
        quantity("s").map(lambda v: {"ttc": ["ego", "lead"], "above": v}),
        quantity("km/h").map(lambda v: {"speed_of": "lead", "below": v}),
        quantity("s").map(lambda v: {"standstill": "ego", "for": v}),
        st.just({"collision": ["ego", "lead"], "edge": "none"}),
        *after,
    )


def actions() -> st.SearchStrategy[dict[str, Any]]:
    shapes = st.sampled_from(["linear", "sinusoidal", "cubic"])
    return st.one_of(
        st.tuples(quantity("km/h"), NUMBER, shapes).map(lambda v: {"speed": v[0], "rate": v[1], "shape": v[2]}),
        st.tuples(st.sampled_from([-1, -2, 1]), quantity("s")).map(lambda v: {"lane": v[0], "time": v[1]}),
        st.tuples(quantity("m"), NUMBER).map(lambda v: {"offset": v[0], "acceleration": v[1]}),
        st.lists(st.tuples(NUMBER, NUMBER, NUMBER), min_size=2, max_size=3).map(lambda v: {"path": v}),
    )


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    actors: dict[str, Any] = {
        "ego": {"lane": -1, "at": draw(quantity("m")), "speed": draw(quantity("km/h"))},
        "lead": {"lane": draw(st.sampled_from([-1, -2, 1])), "ahead_of": "ego", "gap": draw(quantity("m"))},
        "other": {"behind": "lead", "time_gap": draw(quantity("s")), "offset": draw(quantity("m")), "size": [5.0, 2.0]},
        "third": {"at": 100.0, "kind": "pedestrian", "heading": "90 deg", "size": [0.5, 0.5]},
    }
    events: list[dict[str, Any]] = []
    for i in range(draw(st.integers(0, 4))):
        known = [event["name"] for event in events]
        when = draw(st.lists(conditions(known), min_size=1, max_size=2))
        do = draw(st.lists(actions(), min_size=1, max_size=2))
        events.append({"name": f"e{i}", "actor": draw(NAMES), "when": when, "do": do})
    bend = st.floats(-0.01, 0.01)
    line = st.tuples(st.floats(10.0, 500.0), bend, bend).map(lambda v: {"length": v[0], "curvature": [v[1], v[2]]})
    return {
        "name": "drawn",
        "duration": draw(quantity("s")),
        "seed": draw(st.integers(0, 9)),
        "parameters": {"p": draw(parameters()), "road": "unused text"},
        "require": draw(st.sampled_from([[], ["p > -1"], ["p >= 0 or 1 < 2"]])),
        "road": {"line": draw(st.lists(line, min_size=1, max_size=3)), "left": [3.0], "right": [3.5, 3.5]},
        "actors": actors,
        "events": events,
        "stop": draw(st.lists(conditions([e["name"] for e in events]), max_size=2)),
        "ego": {"speed": "v", "range": 120.0},
        "inputs": {
            "x": {"sense": "lead.gap"},
            "y": {"points": [[0.0, 1.0], [2.0, "3 m"]], "between": "linear"},
            "z": {"sum": [{"sigma": 0.1, "bound": 0.2}, {"low": -1.0, "high": 1.0}]},
            "w": {"probability": 0.5, "unless": "lead.new"},
        },
    }


@settings(max_examples=30, deadline=None)
@given(scenarios())
def test_a_scenario_reads_back_equal(raw: dict[str, Any]) -> None:
    scenario = Scenario.model_validate(raw)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "again.yaml"
        path.write_text(to_yaml(scenario))
        again = load(path).scenario
        assert again == scenario
        assert to_yaml(again) == to_yaml(scenario)
        template = read_template(path)
        assert template.stage is not None
        first = template.stage(template.runs.settings(0))
        path.write_text(to_yaml(again))
        second = read_template(path)
        assert second.stage is not None
        assert second.stage(second.runs.settings(0))[1] == first[1]
