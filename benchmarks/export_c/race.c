/* Runs both controllers over the same inputs in turns, and compares every output bit for bit. Prints ns per tick. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "by_hand.h"

#define TICKS 2000
#define PASSES 400

static bench_in inputs[TICKS];
static bench_out exported[TICKS];
static float written[TICKS];

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void)
{
    uint32_t noise = 1U;
    for (int k = 0; k < TICKS; k++) {
        noise = noise * 1664525U + 1013904223U;
        inputs[k].target = (float)(k / 500 % 2) * 3.0F;
        inputs[k].actual = (float)(noise >> 8U) * 1e-7F;
    }
    double best_exported = 1e9;
    double best_written = 1e9;
    for (int pass = 0; pass < PASSES; pass++) {
        static bench_state generated;
        static by_hand_state hand;
        bench_init(&generated);
        by_hand_init(&hand);
        double start = seconds();
        for (int k = 0; k < TICKS; k++) {
            bench_step(&inputs[k], &exported[k], &generated);
        }
        double taken = seconds() - start;
        best_exported = taken < best_exported ? taken : best_exported;
        start = seconds();
        for (int k = 0; k < TICKS; k++) {
            written[k] = by_hand_step(inputs[k].target, inputs[k].actual, &hand);
        }
        taken = seconds() - start;
        best_written = taken < best_written ? taken : best_written;
    }
    for (int k = 0; k < TICKS; k++) {
        if (memcmp(&exported[k].OUTPUT, &written[k], sizeof(float)) != 0) {
            (void)printf("tick %d: %.9g against %.9g\n", k, (double)exported[k].OUTPUT, (double)written[k]);
            return 1;
        }
    }
    (void)printf("%.6f %.6f\n", 1e9 * best_exported / TICKS, 1e9 * best_written / TICKS);
    return 0;
}
