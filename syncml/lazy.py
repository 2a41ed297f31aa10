"""Packages that take long to load, loaded when they are first used: what a proof does without, it does not wait for."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
else:

    class _Package(ModuleType):
        """Becomes a copy of the package that it is named after when one of its names is asked for."""

        def __getattr__(self, name: str) -> Any:
            package = import_module(self.__name__)
            self.__dict__.update(vars(package))
            # As a module like any other, it is as fast as any other.
            self.__class__ = ModuleType
            return getattr(package, name)

    numpy = _Package("numpy")

__all__ = ["numpy"]
