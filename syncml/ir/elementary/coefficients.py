"""Polynomials and constants of the elementary functions, for each format.

Rule: these numbers are computed, never edited: ``tools/elementary_coefficients.py`` prints this file. A pair is the
sum of two numbers, the larger first. The comments state the relative error of a function's result that is due to
the polynomial alone, evaluated without rounding.
"""

from __future__ import annotations

from syncml.dataclass import dataclass

_h = float.fromhex


@dataclass(frozen=True, slots=True)
class Coefficients:
    """What differs between the formats. Polynomials have the constant term first.

    With z = x * x: exp(x) = 1 + x + z * exp(x); tanh, sin, atan: f(x) = x + x * z * f(z); cos(x) = 1 - z / 2
    + z * z * cos(z). With s = (m - 1) / (m + 1), z = s * s: log(m) = 2 * s + s * z * log(z); log2(m) = s * log2(z),
    whose first two coefficients are pairs.
    """

    inverse_ln2: float
    ln2_split: tuple[float, float]
    """The first word is short, so that its product with any exponent is exact."""
    ln2: tuple[float, float]
    half_pi: tuple[float, float]
    three_quarter_pi: tuple[float, float]
    pi: tuple[float, float]
    tanh_threshold: float
    """The tanh polynomial is valid up to here."""
    exp: tuple[float, ...]
    log: tuple[float, ...]
    tanh: tuple[float, ...]
    sin: tuple[float, ...]
    cos: tuple[float, ...]
    atan: tuple[float, ...]
    log2_leading: tuple[tuple[float, float], ...]
    log2: tuple[float, ...]


F32 = Coefficients(
    inverse_ln2=_h("0x1.715476p+0"),
    ln2_split=(
        _h("0x1.62e4p-1"),
        _h("0x1.7f7d1cp-20"),
    ),
    ln2=(
        _h("0x1.62e43p-1"),
        _h("-0x1.05c61p-29"),
    ),
    half_pi=(
        _h("0x1.921fb6p+0"),
        _h("-0x1.777a5cp-25"),
    ),
    three_quarter_pi=(
        _h("0x1.2d97c8p+1"),
        _h("-0x1.99bc5cp-28"),
    ),
    pi=(
        _h("0x1.921fb6p+1"),
        _h("-0x1.777a5cp-24"),
    ),
    tanh_threshold=_h("0x1.ccccccp-1"),
    exp=(  # relative error 2**-28.2
        _h("0x1.fffffcp-2"),
        _h("0x1.555492p-3"),
        _h("0x1.5558b4p-5"),
        _h("0x1.12399ap-7"),
        _h("0x1.6a48c8p-10"),
    ),
    log=(  # relative error 2**-30.2
        _h("0x1.55557ap-1"),
        _h("0x1.995ed6p-2"),
        _h("0x1.31e096p-2"),
    ),
    tanh=(  # relative error 2**-29.8
        _h("-0x1.55554ep-2"),
        _h("0x1.110f38p-3"),
        _h("-0x1.b9ca4ep-5"),
        _h("0x1.62f1cap-6"),
        _h("-0x1.0ed7a8p-7"),
        _h("0x1.529d4cp-9"),
        _h("-0x1.ddd836p-12"),
    ),
    sin=(  # relative error 2**-32.5
        _h("-0x1.555556p-3"),
        _h("0x1.111174p-7"),
        _h("-0x1.a05954p-13"),
        _h("0x1.7c2c4ep-19"),
    ),
    cos=(  # relative error 2**-33.0
        _h("0x1.55554ap-5"),
        _h("-0x1.6c0c28p-10"),
        _h("0x1.99e80cp-16"),
    ),
    atan=(  # relative error 2**-28.5
        _h("-0x1.55553ep-2"),
        _h("0x1.9991e4p-3"),
        _h("-0x1.242084p-3"),
        _h("0x1.c08c1ap-4"),
        _h("-0x1.580818p-4"),
        _h("0x1.da24fap-5"),
        _h("-0x1.fd708ep-6"),
        _h("0x1.641274p-7"),
        _h("-0x1.d3321p-10"),
    ),
    log2_leading=(
        (_h("0x1.715476p+1"), _h("0x1.4afb8p-25")),
        (_h("0x1.ec709ep-1"), _h("-0x1.da862ap-26")),
    ),
    log2=(  # relative error 2**-37.8
        _h("0x1.27778p-1"),
        _h("0x1.a58d7ap-2"),
        _h("0x1.5ce9ap-2"),
    ),
)

F64 = Coefficients(
    inverse_ln2=_h("0x1.71547652b82fep+0"),
    ln2_split=(
        _h("0x1.62e42fefa4p-1"),
        _h("-0x1.8432a1b0e2634p-43"),
    ),
    ln2=(
        _h("0x1.62e42fefa39efp-1"),
        _h("0x1.abc9e3b39803fp-56"),
    ),
    half_pi=(
        _h("0x1.921fb54442d18p+0"),
        _h("0x1.1a62633145c07p-54"),
    ),
    three_quarter_pi=(
        _h("0x1.2d97c7f3321d2p+1"),
        _h("0x1.a79394c9e8a0ap-54"),
    ),
    pi=(
        _h("0x1.921fb54442d18p+1"),
        _h("0x1.1a62633145c07p-53"),
    ),
    tanh_threshold=_h("0x1.6666666666666p-1"),
    exp=(  # relative error 2**-57.9
        _h("0x1.000000000000ap-1"),
        _h("0x1.5555555555508p-3"),
        _h("0x1.555555555074cp-5"),
        _h("0x1.11111111253adp-7"),
        _h("0x1.6c16c18453df5p-10"),
        _h("0x1.a01a0134ad582p-13"),
        _h("0x1.a01999b5c0647p-16"),
        _h("0x1.71df12d29cf6ep-19"),
        _h("0x1.28adb8de3dc7cp-22"),
        _h("0x1.ad97ef6da02f9p-26"),
    ),
    log=(  # relative error 2**-59.5
        _h("0x1.5555555555592p-1"),
        _h("0x1.999999997ff3ap-2"),
        _h("0x1.24924941defbep-2"),
        _h("0x1.c71c52163a461p-3"),
        _h("0x1.74663c93a9019p-3"),
        _h("0x1.39a1f03430208p-3"),
        _h("0x1.2f0382e3dc45dp-3"),
    ),
    tanh=(  # relative error 2**-57.3
        _h("-0x1.5555555555529p-2"),
        _h("0x1.111111110e0a7p-3"),
        _h("-0x1.ba1ba1b7cc938p-5"),
        _h("0x1.664f481165264p-6"),
        _h("-0x1.226e28968e99fp-7"),
        _h("0x1.d6d1f92de185p-9"),
        _h("-0x1.7d8c9505a2ef8p-10"),
        _h("0x1.3495bd0b6b872p-11"),
        _h("-0x1.ec7e0edf6f4c4p-13"),
        _h("0x1.719ff9f3120fep-14"),
        _h("-0x1.c6203f7f7ad4cp-16"),
        _h("0x1.4227d3957e593p-18"),
    ),
    sin=(  # relative error 2**-57.9
        _h("-0x1.5555555555548p-3"),
        _h("0x1.111111110f731p-7"),
        _h("-0x1.a01a019be95bcp-13"),
        _h("0x1.71de355574c0ep-19"),
        _h("-0x1.ae5e4bd10061p-26"),
        _h("0x1.5d8b72647a277p-33"),
    ),
    cos=(  # relative error 2**-63.9
        _h("0x1.555555555554bp-5"),
        _h("-0x1.6c16c16c15013p-10"),
        _h("0x1.a01a019c8ed06p-16"),
        _h("-0x1.27e4f7f140ff3p-22"),
        _h("0x1.1ee9db8e2a58fp-29"),
        _h("-0x1.8fa65e94a74efp-37"),
    ),
    atan=(  # relative error 2**-57.5
        _h("-0x1.5555555555526p-2"),
        _h("0x1.99999999955b1p-3"),
        _h("-0x1.249249237f4bcp-3"),
        _h("0x1.c71c717fccca3p-4"),
        _h("-0x1.745d11ae4735ep-4"),
        _h("0x1.3b1366981d406p-4"),
        _h("-0x1.110e51160ed34p-4"),
        _h("0x1.e1bba59c5df3p-5"),
        _h("-0x1.ae5e6ef8de13fp-5"),
        _h("0x1.82daca094e2aep-5"),
        _h("-0x1.59a3d94761e44p-5"),
        _h("0x1.2c2e0a4e1deabp-5"),
        _h("-0x1.e9f8f54c1c547p-6"),
        _h("0x1.683b57bd667c6p-6"),
        _h("-0x1.c78ce054492dap-7"),
        _h("0x1.d7b4b16c4dd19p-8"),
        _h("-0x1.7a34a5f98e463p-9"),
        _h("0x1.b3f33a3f990a9p-11"),
        _h("-0x1.3f2f3315256c6p-13"),
        _h("0x1.bbe14607dafb6p-17"),
    ),
    log2_leading=(
        (_h("0x1.71547652b82fep+1"), _h("0x1.77b0d68e738e6p-55")),
        (_h("0x1.ec709dc3a03fcp-1"), _h("0x1.7b81bc87ca552p-55")),
    ),
    log2=(  # relative error 2**-66.8
        _h("0x1.2776c50ef9fd3p-1"),
        _h("0x1.a61762a707702p-2"),
        _h("0x1.484b1448f1d18p-2"),
        _h("0x1.0c9a596d0063dp-2"),
        _h("0x1.c6a2a36cf41c4p-3"),
        _h("0x1.877306bffb022p-3"),
        _h("0x1.87e1810c4cac3p-3"),
    ),
)

TWO_OVER_PI_BITS = 1280
TWO_OVER_PI = int(  # floor(2 / pi * 2**TWO_OVER_PI_BITS)
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e0"
    "06492eea09d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f4"
    "9c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d"
    "7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6babf0cfbc209af4361d",
    16,
)
