"""Scenario files: a road, actors and what they do, the inputs of a program, and the runs over parameters.

Rule: a run gives each input of the main node one signal, for a duration. A signal is a function of time, or of what
the ego meets on the road. Random numbers depend on the seed and the input's name alone, so a run is a function of
(program, scenario, parameters, seed).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from syncml.scenario.connection import Ego
from syncml.scenario.parameters import Parameter, Sampling
from syncml.scenario.quantities import Quantity, Seconds
from syncml.scenario.signals import Signal
from syncml.scenario.written import Actor, Condition, Event, Road, RoadFile, Written


def _positive(value: Quantity) -> Quantity:
    if not isinstance(value, str) and value <= 0.0:
        raise ValueError("Input should be greater than 0")
    return value


class Scenario(Written):
    """A scenario file.

    Attributes:
        name: A short title for reports.
        source: Where the figures come from (regulation, protocol, section).
        duration: Simulated time; with ``stop``, the longest.
        seed: The seed of all random numbers; ``--seed`` overrides it.
        parameters: Values by name, for ``${...}``; a list, a range or a distribution makes several runs.
        sampling: How runs choose them; without it they take every combination.
        require: Expressions that have to be true; runs in which one is false are left out.
        road: The road that actors are on.
        actors: The actors by role; ``ego`` is the one that the program drives.
        events: What the others do, and when.
        stop: The run ends at the first of these.
        connection: A file with ``ego`` and ``inputs`` that several scenarios share; what stands here comes before it.
        ego: How the program drives the ego.
        inputs: One signal for each input of the main node.
    """

    name: str
    source: str = ""
    duration: Annotated[Seconds, AfterValidator(_positive)]
    seed: Annotated[int, Field(ge=0, lt=2**64)] = 0
    parameters: dict[str, Parameter] = {}
    sampling: Sampling | None = None
    require: list[str] = []
    road: Road | RoadFile | None = None
    actors: dict[str, Actor] = {}
    events: list[Event] = []
    stop: list[Condition] = []
    connection: Path | None = None
    ego: Ego | None = None
    inputs: dict[str, Signal] = {}

    @model_validator(mode="after")
    def _with_a_road(self) -> Scenario:
        if self.actors and self.road is None:
            raise ValueError("actors need a road")
        if self.actors and "ego" not in self.actors:
            raise ValueError("one of the actors is the ego")
        if not self.actors and (self.events or self.stop or self.road is not None):
            raise ValueError("a road, events and a stop need actors")
        return self


class Connection(Written):
    """How a program meets the actors of scenarios: where the ego is read, and the signals of inputs."""

    ego: Ego
    inputs: Annotated[dict[str, Signal], Field(min_length=1)]
