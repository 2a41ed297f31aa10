/* Pseudo-random arguments that reach every regime of a function of two arguments, and special values. */
#ifndef RANDOM_H
#define RANDOM_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static const float SPECIAL_F32[] = {
    0.0F,      -0.0F,      INFINITY,    -INFINITY, NAN,           1.0F,     -1.0F,    2.0F,          -2.0F,
    0.5F,      -0.5F,      3.0F,        -3.0F,     1.5F,          -2.5F,    0x1p-149F, -0x1p-149F,   0x1p-126F,
    -0x1p-126F, FLT_MAX,   -FLT_MAX,    0x1p23F,   -0x1.000002p23F, 0x1p24F, 0x1.000006p22F, 0x1.fffffep-1F, 0x1.000002p0F,
    -0x1.fffffep-1F, -0x1.000002p0F, 127.0F, 128.0F, -149.0F, -150.0F,
};
#define SPECIAL_F32_COUNT (sizeof SPECIAL_F32 / sizeof SPECIAL_F32[0])

static uint64_t random_state = UINT64_C(88172645463325252);

/* Marsaglia's xorshift64* */
static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

static double uniform(double low, double high)
{
    return low + (high - low) * ((double)(random_bits() >> 11) * 0x1p-53);
}

static int random_int(int low, int high)
{
    return low + (int)(random_bits() % (uint64_t)(high - low + 1));
}

/* Arguments for atan2 (y, x) or pow (x, y) in a format with results from 2**bottom to 2**top. */
static void random_pair(const char *name, uint64_t turn, int bottom, int top, double *a, double *b)
{
    const int is_pow = strcmp(name, "pow") == 0;
    const double exponent = uniform(bottom, top);
    switch (turn % 4U) {
    case 0:
        *a = is_pow ? exp(uniform(-20.0, 20.0)) : uniform(-1.0, 1.0);
        *b = is_pow ? exponent / log2(*a) : uniform(-1.0, 1.0);
        break;
    case 1:
        *a = is_pow ? 1.0 + ldexp(uniform(-1.0, 1.0), -random_int(0, 23)) : uniform(-1.0, 1.0);
        *b = is_pow ? exponent / log2(*a) : ldexp(uniform(-1.0, 1.0), random_int(-30, 30));
        break;
    case 2:
        *a = ldexp(uniform(-1.0, 1.0), random_int(bottom, is_pow ? top : bottom + 30));
        *b = is_pow ? random_int(-20, 20) : ldexp(uniform(-1.0, 1.0), random_int(bottom, bottom + 30));
        break;
    default:
        *a = ldexp(uniform(is_pow ? 0.0 : -1.0, 1.0), random_int(bottom, top));
        *b = is_pow ? exponent / log2(*a) : ldexp(uniform(-1.0, 1.0), random_int(bottom, top));
        break;
    }
}

#endif
