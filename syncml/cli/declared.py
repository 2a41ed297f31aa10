"""What a command declares about its arguments: plain data, so that a plain command line need not load typer.

Rule: each parameter of a command is ``Annotated[type, Option(..)]`` or ``Annotated[type, Argument(..)]``; its name and
its default are those of the parameter, and what is declared here means what it means to typer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, get_args, get_origin

from syncml.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument that stands by its place."""

    metavar: str | None = None
    help: str | None = None
    show_default: bool = True


class Option:
    """An option: how it is written, if not as its parameter, and what helps and limits its user."""

    __slots__ = ("help", "metavar", "min", "names", "show_default")

    def __init__(
        self,
        *names: str,
        metavar: str | None = None,
        help: str | None = None,
        show_default: bool = True,
        min: float | None = None,
    ) -> None:
        self.names = names
        self.metavar = metavar
        self.help = help
        self.show_default = show_default
        self.min = min


def parameters(command: Callable[..., None]) -> tuple[Parameter, ...]:
    """The parameters of a command, with their annotations as objects."""
    return tuple(signature(command, eval_str=True).parameters.values())


def declaration(parameter: Parameter) -> Any:
    """What a parameter declares; None if it declares nothing."""
    return next(iter(getattr(parameter.annotation, "__metadata__", ())), None)


def for_typer(command: Callable[..., None]) -> Callable[..., None]:
    """The same command with its declarations as typer wants them."""

    @wraps(command)
    def told(*arguments: Any, **options: Any) -> None:
        command(*arguments, **options)

    known = [p.replace(annotation=_annotation(p)) for p in parameters(command)]
    vars(told)["__signature__"] = signature(command).replace(parameters=known, return_annotation=None)
    told.__annotations__ = {p.name: p.annotation for p in known}
    return told


def _annotation(parameter: Parameter) -> Any:
    import typer

    declared: Any
    match declaration(parameter):
        case Argument(metavar, text, shown):
            declared = typer.Argument(metavar=metavar, help=text, show_default=shown)
        case Option() as option:
            declared = typer.Option(
                *option.names, metavar=option.metavar, help=option.help, show_default=option.show_default,
                min=option.min,
            )  # fmt: skip
        case _:
            return parameter.annotation
    assert get_origin(parameter.annotation) is Annotated
    return Annotated[get_args(parameter.annotation)[0], declared]
