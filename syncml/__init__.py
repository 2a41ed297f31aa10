"""syncml: a synchronous dataflow language for machine-learning control loops, embedded in Python.

One program is proved, simulated and exported as C. The names here are the language; ``docs/reference/language.md``
explains them. They are loaded when the first of them is asked for, so that the command line starts without them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncml.lang.names import *  # noqa: F403
else:

    def __getattr__(name):
        from syncml.lang import names

        if name == "__all__" or name in names.__all__:
            globals().update({known: getattr(names, known) for known in ("__all__", *names.__all__)})
            return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        from syncml.lang import names

        return sorted({*globals(), *names.__all__})


__version__ = "0.1.0"
