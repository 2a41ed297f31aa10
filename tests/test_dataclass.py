"""`syncml.dataclass` makes the classes that `dataclasses.dataclass` makes."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import operator
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any, ClassVar, Generic, TypeVar, get_type_hints

import pytest

from syncml.dataclass import dataclass

T = TypeVar("T")

Decorator = Callable[..., Any]


def defined(decorator: Decorator) -> dict[str, Any]:
    """The same classes by either decorator."""

    @decorator(frozen=True, slots=True)
    class Empty:
        pass

    @decorator(frozen=True, slots=True)
    class Point:
        x: int
        y: tuple[int, ...] = ()
        note: str = field(default="", compare=False)
        origin: ClassVar[int] = 7

        @property
        def sum(self) -> int:
            return self.x + sum(self.y)

    @decorator(frozen=True, slots=True)
    class Place(Point):
        name: str = field(default="here", repr=False)
        x: int = 5
        others: list[int] = field(default_factory=list, hash=False)

    @decorator(frozen=True, slots=True, eq=False)
    class Identity:
        x: int

    @decorator(frozen=True, slots=True, order=True)
    class Ordered:
        major: int
        minor: int = 0

    @decorator(slots=True)
    class Changing:
        a: int
        b: list[int] = field(default_factory=list)
        total: int = field(init=False)
        seen: dict[str, int] = field(init=False, default_factory=dict)
        fixed: int = field(init=False, default=3)

        def __post_init__(self) -> None:
            self.total = self.a + sum(self.b)

    @decorator(slots=True, eq=False)
    class Node:
        next: Any = None

    @decorator(frozen=True, slots=True)
    class Box(Generic[T]):
        content: T

    @decorator(frozen=True, slots=True)
    class Own:
        x: int

        def __init__(self, text: str) -> None:
            object.__setattr__(self, "x", int(text))

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

        def __repr__(self) -> str:
            return "own"

    return {name: value for name, value in locals().items() if isinstance(value, type)}


USUAL, OURS = defined(dataclasses.dataclass), defined(dataclass)


@dataclass(frozen=True, slots=True)
class Base:
    """At the level of a module, so that its instances can be pickled."""

    x: int
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Derived(Base):
    """A class with more fields."""

    y: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Standard(Base):
    """A class of the standard decorator upon one of ours."""

    z: int = 0


def instances(classes: dict[str, Any]) -> list[Any]:
    """Instances, made in every way that the classes allow."""
    point, place, ordered, changing = (classes[name] for name in ("Point", "Place", "Ordered", "Changing"))
    node, box, own = (classes[name] for name in ("Node", "Box", "Own"))
    return [
        classes["Empty"](), point(1), point(1, (2,)), point(y=(2,), x=1, note="n"),
        place(), place(1, (2,), "n", "there", [4]), place(name="there"), classes["Identity"](1),
        *(ordered(a, b) for a in range(2) for b in range(2)),
        changing(1), changing(1, [2]), changing(a=1, b=[2]), node(), node(node()),
        box(1), box(True), box((1, 2)), own("1"), own("2"),
    ]  # fmt: skip


def outcome(act: Callable[[], Any]) -> Any:
    """What comes of an act: its result, or its fault."""
    try:
        return act()
    except (AttributeError, TypeError) as fault:
        return type(fault), str(fault)


def test_instances_are_shown_compared_and_hashed_alike() -> None:
    usual, ours = instances(USUAL), instances(OURS)
    for a, b in zip(usual, ours, strict=True):
        assert repr(a) == repr(b)
        if type(a).__name__ not in ("Identity", "Node"):
            assert outcome(lambda a=a: hash(a)) == outcome(lambda b=b: hash(b))
        for c, d in zip(usual, ours, strict=True):
            for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
                assert outcome(lambda: compare(a, c)) == outcome(lambda: compare(b, d))  # noqa: B023 - called at once


@pytest.mark.parametrize("name", USUAL)
def test_what_is_known_of_a_class_is_alike(name: str) -> None:
    usual, ours = USUAL[name], OURS[name]
    assert dataclasses.is_dataclass(ours)
    assert str(inspect.signature(usual)) == str(inspect.signature(ours))
    assert get_type_hints(usual.__init__) == get_type_hints(ours.__init__)
    assert list(map(repr, dataclasses.fields(usual))) == list(map(repr, dataclasses.fields(ours)))
    for known in ("__name__", "__qualname__", "__module__", "__match_args__", "__slots__"):
        assert getattr(usual, known) == getattr(ours, known)
    for method in ("__init__", "__eq__", "__hash__"):
        assert getattr(getattr(usual, method), "__qualname__", None) == getattr(
            getattr(ours, method), "__qualname__", None
        )


@pytest.mark.parametrize("arguments", [(), (1, 2, 3, 4, 5, 6, 7), (1,), (1, (), "", "", [], "one too many")])
@pytest.mark.parametrize("name", USUAL)
def test_wrong_arguments_are_told_alike(name: str, arguments: tuple[Any, ...]) -> None:
    usual, ours = (outcome(lambda c=c: repr(c[name](*arguments))) for c in (USUAL, OURS))
    assert usual == ours
    assert outcome(lambda: USUAL[name](unknown=1)) == outcome(lambda: OURS[name](unknown=1))


def test_a_frozen_instance_stays_as_it_is() -> None:
    for classes in (USUAL, OURS):
        point = classes["Point"](1)
        for act in (lambda p=point: setattr(p, "x", 2), lambda p=point: delattr(p, "x")):
            with pytest.raises(dataclasses.FrozenInstanceError, match="field 'x'"):
                act()
        changing = classes["Changing"](1)
        changing.a = 2
        assert (changing.a, changing.total) == (2, 1)
        with pytest.raises(AttributeError):
            changing.other = 1


def test_instances_share_nothing_that_a_factory_made() -> None:
    one, other = OURS["Changing"](1), OURS["Changing"](1)
    one.b.append(1)
    one.seen["a"] = 1
    assert (other.b, other.seen) == ([], {})


def test_copies_pickles_and_replacements() -> None:
    for made in (Base(1, "n"), Derived(1, "n", (2,)), Standard(1, "n", 2)):
        for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert (type(again), repr(again)) == (type(made), repr(made))
        assert dataclasses.replace(made, x=3) != made
        assert dataclasses.replace(made, note="m") == made
        assert list(dataclasses.asdict(made)) == [f.name for f in dataclasses.fields(made)]
    match Derived(1, "n", (2,)):
        case Derived(x, _, y):
            assert (x, y) == (1, (2,))


def test_an_instance_that_holds_itself_is_shown() -> None:
    node = OURS["Node"]()
    node.next = node
    assert repr(node) == f"{type(node).__qualname__}(next=...)"


def test_faults_of_a_class() -> None:
    with pytest.raises(TypeError, match="'b' without a default"):

        @dataclass(slots=True)
        class _Late:
            a: int = 0
            b: int

    with pytest.raises(TypeError, match="default_factory"):

        @dataclass(slots=True)
        class _Shared:
            a: list[int] = []  # noqa: RUF012

    with pytest.raises(TypeError, match="equality"):
        dataclass(slots=True, eq=False, order=True)
