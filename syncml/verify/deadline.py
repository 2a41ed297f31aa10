"""Work of this process that ends when time is up; that of others ends with their process."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

AT_A_TIME = 100
"""After so many items it is looked at the clock: it takes them some hundredths of a second."""


class TimeUpError(Exception):
    """The deadline came before the work was done."""


def check_time(deadline: float) -> None:
    """Go on before ``deadline``, of the monotonic clock.

    Raises:
        TimeUpError: it has come.
    """
    if time.monotonic() >= deadline:
        raise TimeUpError


def in_time(items: Iterable[T], deadline: float) -> Iterator[T]:
    """The items, as long as the monotonic clock is before ``deadline``.

    Raises:
        TimeUpError: it is not, and there are more.
    """
    for i, item in enumerate(items):
        if i % AT_A_TIME == 0:
            check_time(deadline)
        yield item
