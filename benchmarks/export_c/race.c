/*
 * Runs exported and hand-written code of one node over the same recorded inputs in turns, compares every output bit for
 * bit, and prints the fastest pass of each in nanoseconds per tick.
 *
 * contest.h, which run.py writes, says which node: EXPORTED_INIT, EXPORTED_STEP, the types of inputs and outputs, their
 * fields, and TICKS. A file of inputs or outputs holds field after field, each with the values of all ticks.
 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contest.h"

static in_type inputs[TICKS];
static out_type exported[TICKS];
static out_type written[TICKS];

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int read_inputs(const char *name)
{
    FILE *const file = fopen(name, "rb");
    size_t missing = file == NULL;
#define FIELD(field) \
    for (int k = 0; k < TICKS && missing == 0; k++) { \
        missing += fread(&inputs[k].field, sizeof inputs[k].field, 1, file) != 1; \
    }
    INPUT_FIELDS
#undef FIELD
    return missing != 0 || fclose(file) != 0;
}

static int write_outputs(const char *name)
{
    FILE *const file = fopen(name, "wb");
    size_t missing = file == NULL;
#define FIELD(field) \
    for (int k = 0; k < TICKS && missing == 0; k++) { \
        missing += fwrite(&written[k].field, sizeof written[k].field, 1, file) != 1; \
    }
    OUTPUT_FIELDS
#undef FIELD
    return missing != 0 || fclose(file) != 0;
}

static int compare(void)
{
    for (int k = 0; k < TICKS; k++) {
#define FIELD(field) \
        if (memcmp(&exported[k].field, &written[k].field, sizeof exported[k].field) != 0) { \
            (void)printf("output " #field " differs at tick %d\n", k); \
            return 1; \
        }
        OUTPUT_FIELDS
#undef FIELD
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4 || read_inputs(argv[1]) != 0) {
        (void)printf("usage: race INPUTS OUTPUTS PASSES\n");
        return 2;
    }
    const long passes = strtol(argv[3], NULL, 10);
    double best_exported = 1e9;
    double best_written = 1e9;
    for (long pass = 0; pass < passes; pass++) {
        static exported_state generated;
        static by_hand_state hand;
        EXPORTED_INIT(&generated);
        by_hand_init(&hand);
        double start = seconds();
        for (int k = 0; k < TICKS; k++) {
            EXPORTED_STEP(&inputs[k], &exported[k], &generated);
        }
        double taken = seconds() - start;
        best_exported = taken < best_exported ? taken : best_exported;
        start = seconds();
        for (int k = 0; k < TICKS; k++) {
            by_hand_step(&inputs[k], &written[k], &hand);
        }
        taken = seconds() - start;
        best_written = taken < best_written ? taken : best_written;
    }
    if (compare() != 0 || write_outputs(argv[2]) != 0) {
        return 1;
    }
    (void)printf("%.6f %.6f\n", 1e9 * best_exported / TICKS, 1e9 * best_written / TICKS);
    return 0;
}
