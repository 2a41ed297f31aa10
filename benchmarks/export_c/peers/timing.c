/* The fastest of some blocks of calls, in nanoseconds per call: what else runs on the machine only adds time. */
#define _POSIX_C_SOURCE 199309L
#include <time.h>

double fastest(void (*run)(const float *, float *), const float *in, float *out, int calls, int blocks)
{
    double best = 1e18;
    for (int block = 0; block < blocks; block++) {
        struct timespec start;
        struct timespec end;
        (void)clock_gettime(CLOCK_MONOTONIC, &start);
        for (int call = 0; call < calls; call++) {
            run(in, out);
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        const double taken = 1e9 * (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec);
        best = taken / calls < best ? taken / calls : best;
    }
    return best;
}
