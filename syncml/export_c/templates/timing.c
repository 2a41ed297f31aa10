/* Time per step over recorded inputs: the fastest of several passes, so that other work on the machine does not count. */
#define _POSIX_C_SOURCE 199309L
#define main harness_main
#include "harness.c"
#undef main
#include <stdlib.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (1e-9 * (double)now.tv_nsec);
}

int main(int argc, char **argv)
{
    FILE *const vectors = (argc == 3) ? fopen(argv[1], "rb") : NULL;
    const long passes = (argc == 3) ? strtol(argv[2], NULL, 10) : 0L;
    uint8_t head[20];
    if ((vectors == NULL) || (passes < 1L) || !read_bytes(vectors, head, sizeof(head))
            || !read_bytes(vectors, state_compared, STATE_COUNT)) {
        (void)fprintf(stderr, "usage: timing VECTORS PASSES\n");
        return 2;
    }
    const uint32_t steps = (uint32_t)number_of(&head[16], 4U);
    uint8_t *const inputs = malloc(steps * sizeof(in));
    for (uint32_t step = 0U; (inputs != NULL) && (step < steps); step++) {
        bool has_state = false;
        if (!read_step(vectors, &has_state)) {
            return 2;
        }
        decode(input_leaves, INPUT_COUNT, input_bytes, (uint8_t *)&in);
        (void)memcpy(&inputs[step * sizeof(in)], &in, sizeof(in));
    }
    double best = 1e300;
    volatile uint8_t seen = 0U;
    for (long pass = 0L; (inputs != NULL) && (pass < passes); pass++) {
        @NODE@_init(&self);
        const double start = seconds();
        for (uint32_t step = 0U; step < steps; step++) {
            tick((const void *)&inputs[step * sizeof(in)], &out, &self);
        }
        const double taken = seconds() - start;
        seen = (uint8_t)(seen ^ *(const uint8_t *)&out);
        best = (taken < best) ? taken : best;
    }
    (void)printf("%.3f ns per step\n", (1e9 * best) / (double)steps);
    free(inputs);
    (void)fclose(vectors);
    return 0;
}
