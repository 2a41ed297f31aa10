/* Compares the binary32 elementary functions with the double precision ones of the C library.
 *
 * One argument: every bit pattern, in ascending order of the number, every `stride`-th if stride > 1.
 * Two arguments: pairs of special values, then `samples` random pairs.
 * The reference is in error by about one unit of double precision, 2e-9 units of binary32.
 *
 * Usage: elementary_f32 FUNCTION STRIDE SAMPLES
 * Prints: largest error in ulp, argument(s), least and greatest result, descents, faults.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "functions.h"
#include "random.h"

static double reference_sigmoid(double x)
{
    return (x < -40.0) ? exp(x) : 1.0 / (1.0 + exp(-x));
}

struct unary { const char *name; float (*tested)(float); double (*reference)(double); };
struct binary { const char *name; float (*tested)(float, float); double (*reference)(double, double); };

static const struct unary UNARY[] = {
    {"exp", exp_f32, exp},   {"log", log_f32, log}, {"tanh", tanh_f32, tanh}, {"sigmoid", sigmoid_f32, reference_sigmoid},
    {"sin", sin_f32, sin},   {"cos", cos_f32, cos},
};
static const struct binary BINARY[] = {{"atan2", atan2_f32, atan2}, {"pow", pow_f32, pow}};

static struct {
    double worst;
    float x, y;
    double least, greatest;
    unsigned long long descents, faults;
} seen = {0.0, 0.0F, 0.0F, INFINITY, -INFINITY, 0, 0};

static void fault(float x, float y, float got, double want)
{
    if (seen.faults++ < 5) {
        fprintf(stderr, "fault at (%a, %a): %a, not %a\n", (double)x, (double)y, (double)got, want);
    }
}

static void compare(float x, float y, float got, double want)
{
    if (isnan(want)) {
        if (bits_f32_as_u32(got) != 0x7FC00000U) {
            fault(x, y, got, want);
        }
        return;
    }
    if (isnan(got) || !signbit(got) != !signbit(want)) {
        fault(x, y, got, want);
        return;
    }
    seen.least = fmin(seen.least, got);
    seen.greatest = fmax(seen.greatest, got);
    if (want == 0.0 || isinf(want)) {
        if ((double)got != want) {
            fault(x, y, got, want);
        }
        return;
    }
    int exponent;
    (void)frexp(want, &exponent);
    exponent = (exponent < -125) ? -126 : (exponent > 128) ? 127 : exponent - 1;
    if (isinf(got) && fabs(want) >= 0x1.ffffffp127) {
        return; /* overflow by the rule of IEEE-754 */
    }
    const double number = isinf(got) ? copysign(0x1p128, got) : (double)got;
    const double error = fabs(number - want) * ldexp(1.0, 23 - exponent);
    if (error > seen.worst) {
        seen.worst = error;
        seen.x = x;
        seen.y = y;
    }
}

static void check_unary(const struct unary *function, uint64_t stride)
{
    double previous = -INFINITY;
    for (uint64_t rank = 0; rank < ((uint64_t)1 << 32); rank += stride) {
        const uint32_t low = (uint32_t)rank;
        const float x = bits_u32_as_f32((low >> 31) ? low & 0x7FFFFFFFU : ~low);
        const float got = function->tested(x);
        compare(x, 0.0F, got, function->reference((double)x));
        if (!isnan(got)) {
            seen.descents += (double)got < previous;
            previous = got;
        }
    }
}

static void check_binary(const struct binary *function, uint64_t samples)
{
    for (size_t i = 0; i < SPECIAL_F32_COUNT; i++) {
        for (size_t j = 0; j < SPECIAL_F32_COUNT; j++) {
            const float x = SPECIAL_F32[i], y = SPECIAL_F32[j];
            compare(x, y, function->tested(x, y), function->reference((double)x, (double)y));
        }
    }
    for (uint64_t i = 0; i < samples; i++) {
        double a, b;
        random_pair(function->name, i, -149, 128, &a, &b);
        const float x = (float)a, y = (float)b;
        compare(x, y, function->tested(x, y), function->reference((double)x, (double)y));
        const float any = bits_u32_as_f32((uint32_t)random_bits()), other = bits_u32_as_f32((uint32_t)random_bits());
        compare(any, other, function->tested(any, other), function->reference((double)any, (double)other));
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    for (size_t i = 0; i < sizeof UNARY / sizeof UNARY[0]; i++) {
        if (strcmp(argv[1], UNARY[i].name) == 0) {
            check_unary(&UNARY[i], strtoull(argv[2], NULL, 10));
        }
    }
    for (size_t i = 0; i < sizeof BINARY / sizeof BINARY[0]; i++) {
        if (strcmp(argv[1], BINARY[i].name) == 0) {
            check_binary(&BINARY[i], strtoull(argv[3], NULL, 10));
        }
    }
    printf("%.4f %a %a %a %a %llu %llu\n", seen.worst, (double)seen.x, (double)seen.y, seen.least, seen.greatest,
           seen.descents, seen.faults);
    return 0;
}
