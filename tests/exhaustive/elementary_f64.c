/* Compares the binary64 elementary functions with MPFR on special values and `samples` random arguments.
 *
 * Usage: elementary_f64 FUNCTION SAMPLES
 * Prints: largest error in ulp, argument(s), least and greatest result, 0, faults.
 */
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>

#include "functions.h"
#include "random.h"

enum { PRECISION = 140 };

static mpfr_t X, Y, EXACT, DIFFERENCE;

static double worst, worst_x, worst_y, least = INFINITY, greatest = -INFINITY;
static unsigned long long faults;

static int exact_sigmoid(mpfr_t result, mpfr_srcptr x, mpfr_rnd_t mode)
{
    (void)mpfr_neg(result, x, mode);
    (void)mpfr_exp(result, result, mode);
    (void)mpfr_add_ui(result, result, 1UL, mode);
    return mpfr_ui_div(result, 1UL, result, mode);
}

struct unary { const char *name; double (*tested)(double); int (*exact)(mpfr_t, mpfr_srcptr, mpfr_rnd_t);
               double low, high; };
struct binary { const char *name; double (*tested)(double, double);
                int (*exact)(mpfr_t, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t); };

static const struct unary UNARY[] = {
    {"exp", exp_f64, mpfr_exp, -746.0, 710.0},  {"log", log_f64, mpfr_log, 0.5, 2.0},
    {"tanh", tanh_f64, mpfr_tanh, -20.0, 20.0}, {"sigmoid", sigmoid_f64, exact_sigmoid, -50.0, 40.0},
    {"sin", sin_f64, mpfr_sin, -100.0, 100.0},  {"cos", cos_f64, mpfr_cos, -100.0, 100.0},
};
static const struct binary BINARY[] = {{"atan2", atan2_f64, mpfr_atan2}, {"pow", pow_f64, mpfr_pow}};

static void fault(double x, double y, double got, double want)
{
    if (faults++ < 5) {
        fprintf(stderr, "fault at (%a, %a): %a, not %a\n", x, y, got, want);
    }
}

/* `got` against EXACT, the value of the function at (x, y). */
static void compare(double x, double y, double got)
{
    const double want = mpfr_get_d(EXACT, MPFR_RNDN);
    if (mpfr_nan_p(EXACT)) {
        if (bits_f64_as_u64(got) != UINT64_C(0x7FF8000000000000)) {
            fault(x, y, got, want);
        }
        return;
    }
    const int exact_is_special = mpfr_zero_p(EXACT) || mpfr_inf_p(EXACT);
    if (isnan(got) || !signbit(got) != !signbit(want) || (exact_is_special && got != want)) {
        fault(x, y, got, want);
        return;
    }
    least = fmin(least, got);
    greatest = fmax(greatest, got);
    if (exact_is_special || (isinf(got) && isinf(want))) {
        return;
    }
    long exponent = (long)mpfr_get_exp(EXACT) - 1;
    exponent = (exponent < -1022) ? -1022 : (exponent > 1023) ? 1023 : exponent;
    if (isinf(got)) {
        (void)mpfr_set_si_2exp(DIFFERENCE, signbit(got) ? -1L : 1L, 1024, MPFR_RNDN);
    } else {
        (void)mpfr_set_d(DIFFERENCE, got, MPFR_RNDN);
    }
    (void)mpfr_sub(DIFFERENCE, DIFFERENCE, EXACT, MPFR_RNDN);
    (void)mpfr_mul_2si(DIFFERENCE, DIFFERENCE, 52 - exponent, MPFR_RNDN);
    const double error = fabs(mpfr_get_d(DIFFERENCE, MPFR_RNDN));
    if (error > worst) {
        worst = error;
        worst_x = x;
        worst_y = y;
    }
}

static void check_unary_at(const struct unary *function, double x)
{
    (void)mpfr_set_d(X, x, MPFR_RNDN);
    (void)function->exact(EXACT, X, MPFR_RNDN);
    compare(x, 0.0, function->tested(x));
}

static void check_binary_at(const struct binary *function, double x, double y)
{
    (void)mpfr_set_d(X, x, MPFR_RNDN);
    (void)mpfr_set_d(Y, y, MPFR_RNDN);
    (void)function->exact(EXACT, X, Y, MPFR_RNDN);
    compare(x, y, function->tested(x, y));
}

static const double SPECIAL[] = {
    0x1p-1074, -0x1p-1074, 0x1p-1022, DBL_MAX, -DBL_MAX, 0x1p52, 0x1.0000000000001p52, -0x1.0000000000001p52, 0x1p53,
    0x1.0000000000003p51, 0x1.fffffffffffffp-1, 0x1.0000000000001p0, -0x1.0000000000001p0, 1e300, -1e-300, 1023.0,
    1024.0, -1074.0, -1075.0, -1076.0, 0x1.921fb54442d18p-1, 0x1.921fb54442d19p-1, 0x1.921fb54442d18p0,
    /* The binary64 number that is nearest to a multiple of pi/2. */
    6381956970095103.0 * 0x1p797,
};

static double special(size_t i)
{
    return (i < SPECIAL_F32_COUNT) ? (double)SPECIAL_F32[i] : SPECIAL[i - SPECIAL_F32_COUNT];
}

static const size_t SPECIAL_COUNT = SPECIAL_F32_COUNT + sizeof SPECIAL / sizeof SPECIAL[0];

static double random_argument(const struct unary *function, uint64_t turn)
{
    switch (turn % 4U) {
    case 0:
        return bits_u64_as_f64(random_bits());
    case 1:
        return uniform(function->low, function->high);
    case 2:
        return ldexp(uniform(-1.0, 1.0), random_int(-60, 10));
    default: /* near 1, near the ends of exp, near multiples of pi/2 */
        return ((turn & 4U) ? 1.0 : uniform(function->low, function->high)) *
               (1.0 + ldexp(uniform(-1.0, 1.0), -random_int(0, 53))) *
               ((turn & 8U) ? (double)random_int(0, 100000) * 0x1.921fb54442d18p0 : 1.0);
    }
}

static void check_unary(const struct unary *function, uint64_t samples)
{
    for (size_t i = 0; i < SPECIAL_COUNT; i++) {
        check_unary_at(function, special(i));
    }
    for (uint64_t i = 0; i < samples; i++) {
        check_unary_at(function, random_argument(function, i));
    }
}

static void check_binary(const struct binary *function, uint64_t samples)
{
    for (size_t i = 0; i < SPECIAL_COUNT; i++) {
        for (size_t j = 0; j < SPECIAL_COUNT; j++) {
            check_binary_at(function, special(i), special(j));
        }
    }
    for (uint64_t i = 0; i < samples; i++) {
        double x, y;
        random_pair(function->name, i, -1074, 1024, &x, &y);
        check_binary_at(function, x, y);
        check_binary_at(function, bits_u64_as_f64(random_bits()), bits_u64_as_f64(random_bits()));
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    mpfr_inits2(PRECISION, X, Y, EXACT, DIFFERENCE, (mpfr_ptr)0);
    for (size_t i = 0; i < sizeof UNARY / sizeof UNARY[0]; i++) {
        if (strcmp(argv[1], UNARY[i].name) == 0) {
            check_unary(&UNARY[i], strtoull(argv[2], NULL, 10));
        }
    }
    for (size_t i = 0; i < sizeof BINARY / sizeof BINARY[0]; i++) {
        if (strcmp(argv[1], BINARY[i].name) == 0) {
            check_binary(&BINARY[i], strtoull(argv[2], NULL, 10));
        }
    }
    mpfr_clears(X, Y, EXACT, DIFFERENCE, (mpfr_ptr)0);
    printf("%.4f %a %a %a %a 0 %llu\n", worst, worst_x, worst_y, least, greatest, faults);
    return 0;
}
