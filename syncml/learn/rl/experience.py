"""What an agent saw and did in a rollout, as rows.

Rule: at the last instant of a rollout its experience is one array of rows, instant after instant, the environments of
an instant side by side.
"""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from syncml.lang.functions import sqrt
from syncml.lang.records import Record
from syncml.lang.segments import pack
from syncml.lang.stream import Stream
from syncml.learn.rl.distributions import Distribution

Model: TypeAlias = Callable[[Any, Any], tuple[Distribution, Any]]
"""What gives the distribution of actions and the values, (rows,), for parameters and observations (rows, n)."""

FIELDS = ("observation", "action", "log_probability", "value", "advantage")
"""Those of `Experience`."""


class Experience(Record):
    """What an agent saw and did at an instant, N environments at once; or rows of it.

    Attributes:
        observation: (N, n).
        action: (N,) or (N, actions).
        log_probability: (N,), of the action when it was chosen.
        value: (N,), of the observation when the action was chosen.
        advantage: (N,), by `gae`.
    """

    observation: Stream[Any]
    action: Stream[Any]
    log_probability: Stream[Any]
    value: Stream[Any]
    advantage: Stream[Any]


def packed_rows(experience: Experience) -> Experience:
    """All instants of a rollout one below the other, at its end; used inside of the segment."""
    found: list[Any] = []
    for name in FIELDS:
        packed: Any = pack(getattr(experience, name))
        instants, rows, *rest = packed.shape
        found.append(packed.reshape(instants * rows, *rest))
    return Experience(*found)


def normalised(x: Any) -> Any:
    """Numbers with their mean taken off, divided by their deviation."""
    centred = x - x.mean()
    return centred / (sqrt((centred * centred).mean()) + 1e-8)
