"""C names for step names.

Rule: a C name is the step name with each character that C does not allow replaced by ``_``; it is not a keyword of C
or C++, not reserved, not a name of a standard header, at most 63 characters long (C99 5.2.4.1), and unique in its
scope. A second claim to one name gets ``_2``, ``_3``, ... in the order of claims, so names depend on the program
alone. At file scope names that differ only in case count as the same (MISRA C:2012 directive 4.5).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import field

from syncml.dataclass import dataclass

_KEYWORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    alignas alignof bool constexpr false nullptr static_assert thread_local true typeof typeof_unqual
    asm fortran and and_eq bitand bitor catch class compl concept const_cast consteval constinit co_await co_return
    co_yield decltype delete dynamic_cast explicit export friend mutable namespace new noexcept not not_eq operator or
    or_eq private protected public reinterpret_cast requires static_cast template this throw try typeid typename using
    virtual wchar_t xor xor_eq char8_t char16_t char32_t
"""

_MACROS = "NULL NAN INFINITY HUGE_VAL EOF errno offsetof assert linux unix"

_STANDARD = """
    FILE size_t ptrdiff_t main self in out
    int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t uintmax_t
    float_t double_t memcpy memset memcmp memmove strlen strcmp strcpy printf fprintf puts abort exit malloc free
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma
    fmax fmin fmod frexp hypot ilogb isfinite isinf isnan isnormal ldexp lgamma log log10 log1p log2 logb lrint lround
    modf nan nearbyint nextafter pow remainder remquo rint round scalbn signbit sin sinh sqrt tan tanh tgamma trunc
    j0 j1 jn y0 y1 yn gamma abs labs div ldiv rand time clock signal raise index rindex
    acosf asinf atanf atan2f cosf coshf expf fabsf floorf fmaf fmaxf fminf fmodf logf powf roundf sinf sinhf sqrtf tanf
    tanhf truncf ceilf
"""

_RESERVED_MEMBERS = frozenset(f"{_KEYWORDS} {_MACROS}".split())
_RESERVED = _RESERVED_MEMBERS | frozenset(_STANDARD.split())

_LIMITS = re.compile(r"(U?INT(PTR|MAX|_FAST|_LEAST)?\d*_(MIN|MAX|C)|(FLT|DBL|LDBL)_\w+|SIZE_MAX|E[A-Z]{2,})\Z")
_LONGEST = 63


def identifier(text: str, *, member: bool = False) -> str:
    """``text`` as a legal C identifier that nobody else owns; two texts may give the same identifier.

    Members of a struct have a name space of their own (C99 6.2.3), in which only keywords and macros are taken.
    """
    name = "".join(c if c.isascii() and (c.isalnum() or c == "_") else _spelled(c) for c in text)
    stripped = name.lstrip("_")
    if name != stripped or not stripped or stripped[0].isdigit():
        # A leading underscore is reserved at file scope, a leading digit is no name.
        name = f"t_{stripped}"
    if name in (_RESERVED_MEMBERS if member else _RESERVED) or _LIMITS.match(name):
        name = f"{name}_"
    return shortened(name)


def _spelled(character: str) -> str:
    return f"u{ord(character):04x}" if character.isalnum() else "_"


def shortened(name: str) -> str:
    """``name``, or its beginning and a hash of the whole where it is longer than compilers must distinguish."""
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@dataclass(slots=True)
class NameScope:
    """The names taken in one C scope, besides those of the scopes around it; ``member`` for that of a struct."""

    enclosing: tuple[NameScope, ...] = ()
    fold_case: bool = False
    member: bool = False
    taken: set[str] = field(default_factory=set[str])

    def _key(self, name: str) -> str:
        return name.lower() if self.fold_case else name

    def has(self, name: str) -> bool:
        """Whether ``name`` means something here already."""
        return self._key(name) in self.taken or any(scope.has(name) for scope in self.enclosing)

    def reserve(self, names: Iterable[str]) -> None:
        """Take ``names`` as they are."""
        self.taken.update(map(self._key, names))

    def claim(self, text: str) -> str:
        """A free identifier for ``text``, taken from now on."""
        base = identifier(text, member=self.member)
        name, count = base, 1
        while self.has(name):
            count += 1
            suffix = f"_{count}"
            name = shortened(base)[: _LONGEST - len(suffix)] + suffix
        self.taken.add(self._key(name))
        return name
