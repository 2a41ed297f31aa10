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

enum { BATCH = 1024 };

/* The tested functions run over arrays, where compilers can use vectors. */
#define OVER_ARRAY(NAME)                                                     \
    static void NAME##_array(const float *x, const float *y, float *results) \
    {                                                                        \
        (void)y;                                                             \
        for (size_t i = 0; i < BATCH; i++) {                                 \
            results[i] = NAME##_f32(x[i]);                                   \
        }                                                                    \
    }
#define OVER_ARRAYS(NAME)                                                    \
    static void NAME##_array(const float *x, const float *y, float *results) \
    {                                                                        \
        for (size_t i = 0; i < BATCH; i++) {                                 \
            results[i] = NAME##_f32(x[i], y[i]);                             \
        }                                                                    \
    }

OVER_ARRAY(exp)
OVER_ARRAY(log)
OVER_ARRAY(tanh)
OVER_ARRAY(sigmoid)
OVER_ARRAY(sin)
OVER_ARRAY(cos)
OVER_ARRAYS(atan2)
OVER_ARRAYS(pow)

typedef void (*tested_function)(const float *, const float *, float *);

struct unary { const char *name; tested_function tested; double (*reference)(double); };
struct binary { const char *name; tested_function tested; double (*reference)(double, double); };

static const struct unary UNARY[] = {
    {"exp", exp_array, exp}, {"log", log_array, log}, {"tanh", tanh_array, tanh},
    {"sigmoid", sigmoid_array, reference_sigmoid}, {"sin", sin_array, sin}, {"cos", cos_array, cos},
};
static const struct binary BINARY[] = {{"atan2", atan2_array, atan2}, {"pow", pow_array, pow}};

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

/* 2**-ulp of a binary32 number near `want`, from the bits of `want`: library calls would take most of the time. */
static double units_per_one(double want)
{
    int exponent = (int)((bits_f64_as_u64(want) >> 52) & 0x7FFU) - 1023;
    exponent = (exponent < -126) ? -126 : (exponent > 127) ? 127 : exponent;
    return bits_u64_as_f64((uint64_t)(1023 + 23 - exponent) << 52);
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
    seen.least = (got < seen.least) ? got : seen.least;
    seen.greatest = (got > seen.greatest) ? got : seen.greatest;
    if (want == 0.0 || isinf(want)) {
        if ((double)got != want) {
            fault(x, y, got, want);
        }
        return;
    }
    if (isinf(got) && fabs(want) >= 0x1.ffffffp127) {
        return; /* overflow by the rule of IEEE-754 */
    }
    const double number = isinf(got) ? copysign(0x1p128, got) : (double)got;
    const double error = fabs(number - want) * units_per_one(want);
    if (error > seen.worst) {
        seen.worst = error;
        seen.x = x;
        seen.y = y;
    }
}

static float number_of_rank(uint64_t rank)
{
    const uint32_t low = (uint32_t)rank;
    return bits_u32_as_f32((low >> 31) ? low & 0x7FFFFFFFU : ~low);
}

static void check_unary(const struct unary *function, uint64_t stride)
{
    static float x[BATCH], got[BATCH];
    double previous = -INFINITY;
    const uint64_t last = ((uint64_t)1 << 32) - 1;
    for (uint64_t rank = 0; rank <= last; rank += BATCH * stride) {
        for (size_t i = 0; i < BATCH; i++) {
            const uint64_t own = rank + i * stride;
            x[i] = number_of_rank((own <= last) ? own : last);
        }
        function->tested(x, x, got);
        for (size_t i = 0; i < BATCH; i++) {
            compare(x[i], 0.0F, got[i], function->reference((double)x[i]));
            if (!isnan(got[i])) {
                seen.descents += (double)got[i] < previous;
                previous = got[i];
            }
        }
    }
}

static void check_pairs(const struct binary *function, const float *x, const float *y)
{
    static float got[BATCH];
    function->tested(x, y, got);
    for (size_t i = 0; i < BATCH; i++) {
        compare(x[i], y[i], got[i], function->reference((double)x[i], (double)y[i]));
    }
}

static void check_binary(const struct binary *function, uint64_t samples)
{
    static float x[BATCH], y[BATCH];
    for (size_t first = 0; first < SPECIAL_F32_COUNT * SPECIAL_F32_COUNT; first += BATCH) {
        for (size_t i = 0; i < BATCH; i++) {
            const size_t pair = (first + i) % (SPECIAL_F32_COUNT * SPECIAL_F32_COUNT);
            x[i] = SPECIAL_F32[pair / SPECIAL_F32_COUNT];
            y[i] = SPECIAL_F32[pair % SPECIAL_F32_COUNT];
        }
        check_pairs(function, x, y);
    }
    for (uint64_t done = 0; done < samples; done += BATCH) {
        for (size_t i = 0; i < BATCH; i++) {
            double a, b;
            random_pair(function->name, i, -149, 128, &a, &b);
            x[i] = (float)a;
            y[i] = (float)b;
        }
        check_pairs(function, x, y);
        for (size_t i = 0; i < BATCH; i++) {
            x[i] = bits_u32_as_f32((uint32_t)random_bits());
            y[i] = bits_u32_as_f32((uint32_t)random_bits());
        }
        check_pairs(function, x, y);
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
