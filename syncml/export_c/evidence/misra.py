"""What the exported C deviates from in MISRA C:2012, and why.

Rule: a finding of a checker outside of this list fails ``make evidence`` and the tests of this repository; the list
has at most five entries. Rules are named by their numbers: their texts belong to the MISRA Consortium.
"""

from __future__ import annotations

from syncml.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """A deviation.

    Attributes:
        rule: The number of the rule or the directive.
        category: required or advisory.
        where: What it is about; findings elsewhere are not covered.
        pattern: A regular expression that the line of a finding matches, empty for what no checker reports.
        reason: Why it is right.
    """

    rule: str
    category: str
    where: str
    pattern: str
    reason: str


DEVIATIONS = (
    Deviation(
        "2.5",
        "advisory",
        "the macros of an enumeration, and of what integers stand for, in the header",
        r"#define \w+ \(\(\w+\)\d+\)|#define \w+_SCALE [\d.e+-]+F|#define \w+_ZERO_POINT (\d+|\(-\d+\))",
        "they are the interface: the caller needs all constructors and scales, the code itself not always",
    ),
    Deviation(
        "10.1",
        "required",
        "`>>` of a signed number in `shr_i*`",
        r"return \(int\d+_t\)\(a >> count\);",
        "an arithmetic shift, which C99 leaves to the implementation (6.5.7) and every compiler for two's complement "
        "documents; one function for each type, tested by the idiom suite",
    ),
    Deviation(
        "17.7",
        "required",
        "a cast to `const T (*)[n]` in an argument",
        r"\(const \w+ \(\*\)(\[\d+\])+\)",
        "no result is unused: the checker takes the type's parentheses for a call. The cast adds `const` to the "
        "elements of a matrix, for which C99 has no implicit conversion",
    ),
    Deviation(
        "21.15",
        "required",
        "`memcpy` between a float and an integer of its size in `bits_*_as_*`",
        r"\(void\)memcpy\(&bits, &value, sizeof\(bits\)\);",
        "the only way to read the bits of a value that C99 defines fully; both objects have the size that is copied",
    ),
    Deviation(
        "Dir 4.6",
        "advisory",
        "`bool`, `float` and `double`",
        "",
        "their sizes are what the preprocessor checks at the top of the file",
    ),
)

DEFINES = (
    "FLT_RADIX=2",
    "FLT_MANT_DIG=24",
    "FLT_MAX_EXP=128",
    "FLT_EVAL_METHOD=0",
    "DBL_MANT_DIG=53",
    "DBL_MAX_EXP=1024",
    "INT8_MIN=((int8_t)(-127 - 1))",
    "INT16_MIN=((int16_t)(-32767 - 1))",
    "INT32_MIN=((int32_t)(-2147483647 - 1))",
    "INT64_MIN=((int64_t)(-9223372036854775807LL - 1LL))",
    "INT64_C(x)=x##LL",
    "UINT64_C(x)=x##ULL",
)
"""Macros of standard headers that cppcheck does not read, with the values that the code demands of them."""
