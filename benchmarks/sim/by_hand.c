/*
 * The loops of loops.py in C, written by hand twice: one scenario after another, and 64 scenarios at a time in arrays
 * with a loop over the lanes in every step, as a programmer writes them who wants vectors. Each function runs `runs`
 * scenarios (a multiple of 64) for `ticks` ticks. Inputs and figures are arrays with one entry for each run.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "functions.h"
#include "weights.h"

#define LANES 64
#define EACH for (int l = 0; l < LANES; l++)

static inline double min64(double x, double y) { return y < x ? y : x; }
static inline double max64(double x, double y) { return y > x ? y : x; }
static inline float min32(float x, float y) { return y < x ? y : x; }
static inline float max32(float x, float y) { return y > x ? y : x; }

static inline double law(double gap, double speed, double closing)
{
    const double wanted = 4.0 + 1.5 * speed;
    return min64(2.0, max64(-6.0, 0.23 * (gap - wanted) + 0.6 * closing));
}

static inline uint64_t random_bits(uint64_t seed, uint64_t place)
{
    uint64_t z = seed + place * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void acc_scalar(long runs, long ticks, const double *start_gap, const double *start_speed, const double *braking,
                const int32_t *brakes_at, double *least_out, double *hardest_out, double *effort_out,
                double *speed_out)
{
    for (long k = 0; k < runs; k++) {
        double gap = start_gap[k], speed = start_speed[k], lead = start_speed[k];
        double least = 1e9, hardest = 0.0, effort = 0.0, shown = 0.0;
        for (long t = 0; t < ticks; t++) {
            const double command = law(gap, speed, lead - speed);
            least = min64(least, gap);
            hardest = min64(hardest, command);
            effort = effort + command * command;
            shown = speed;
            gap = gap + 0.1 * (lead - speed);
            speed = max64(speed + 0.1 * command, 0.0);
            lead = max64(lead + 0.1 * (t >= brakes_at[k] ? -braking[k] : 0.0), 0.0);
        }
        least_out[k] = least;
        hardest_out[k] = hardest;
        effort_out[k] = effort;
        speed_out[k] = shown;
    }
}

void acc_lanes(long runs, long ticks, const double *start_gap, const double *start_speed, const double *braking,
               const int32_t *brakes_at, double *least_out, double *hardest_out, double *effort_out,
               double *speed_out)
{
    for (long k = 0; k < runs; k += LANES) {
        _Alignas(64) double gap[LANES], speed[LANES], lead[LANES], least[LANES], hardest[LANES], effort[LANES];
        _Alignas(64) double minus[LANES], at[LANES];
        _Alignas(64) double shown[LANES];
        EACH {
            gap[l] = start_gap[k + l];
            speed[l] = lead[l] = start_speed[k + l];
            least[l] = 1e9;
            hardest[l] = effort[l] = 0.0;
            minus[l] = -braking[k + l];
            at[l] = brakes_at[k + l];
        }
        for (long t = 0; t < ticks; t++) {
            if (t == ticks - 1) {
                EACH shown[l] = speed[l];
            }
            const double now = (double)t;
            EACH {
                const double g = gap[l], v = speed[l], f = lead[l];
                const double command = law(g, v, f - v);
                least[l] = min64(least[l], g);
                hardest[l] = min64(hardest[l], command);
                effort[l] = effort[l] + command * command;
                gap[l] = g + 0.1 * (f - v);
                speed[l] = max64(v + 0.1 * command, 0.0);
                lead[l] = max64(f + 0.1 * (now >= at[l] ? minus[l] : 0.0), 0.0);
            }
        }
        memcpy(least_out + k, least, sizeof least);
        memcpy(hardest_out + k, hardest, sizeof hardest);
        memcpy(effort_out + k, effort, sizeof effort);
        memcpy(speed_out + k, shown, sizeof shown);
    }
}

void sensors_scalar(long runs, long ticks, const uint64_t *seed, const double *start_gap, const double *start_speed,
                    const double *braking, const int32_t *brakes_at, double *least_out, double *hardest_out,
                    double *effort_out, double *speed_out)
{
    for (long k = 0; k < runs; k++) {
        double gap = start_gap[k], speed = start_speed[k], lead = start_speed[k];
        double least = 1e9, hardest = 0.0, effort = 0.0, shown = 0.0;
        double seen_gap[4] = {0}, seen_rate[4] = {0};
        for (long t = 0; t < ticks; t++) {
            const uint64_t bits = random_bits(seed[k], (uint64_t)t);
            const double gap_error = ((double)((bits & 65535) + (bits >> 16 & 65535)) - 65535.0) * 0x1p-17;
            const double rate_error = ((double)(bits >> 32 & 65535) - 32767.5) * 0x1p-19;
            const int got = t == 0 || (bits >> 48) >= 3277;
            const long now = t & 3, last = (t - 1) & 3, late = t < 3 ? 0 : (t - 3) & 3;
            seen_gap[now] = got ? gap + gap_error : seen_gap[last];
            seen_rate[now] = got ? lead - speed + rate_error : seen_rate[last];
            const double command = law(seen_gap[late], speed, seen_rate[late]);
            least = min64(least, gap);
            hardest = min64(hardest, command);
            effort = effort + command * command;
            shown = speed;
            gap = gap + 0.1 * (lead - speed);
            speed = max64(speed + 0.1 * command, 0.0);
            lead = max64(lead + 0.1 * (t >= brakes_at[k] ? -braking[k] : 0.0), 0.0);
        }
        least_out[k] = least;
        hardest_out[k] = hardest;
        effort_out[k] = effort;
        speed_out[k] = shown;
    }
}

void sensors_lanes(long runs, long ticks, const uint64_t *seed, const double *start_gap, const double *start_speed,
                   const double *braking, const int32_t *brakes_at, double *least_out, double *hardest_out,
                   double *effort_out, double *speed_out)
{
    for (long k = 0; k < runs; k += LANES) {
        _Alignas(64) double gap[LANES], speed[LANES], lead[LANES], least[LANES], hardest[LANES], effort[LANES];
        _Alignas(64) double minus[LANES], at[LANES], shown[LANES];
        _Alignas(64) double seen_gap[4][LANES], seen_rate[4][LANES];
        _Alignas(64) uint64_t bits[LANES], mine[LANES];
        EACH {
            gap[l] = start_gap[k + l];
            speed[l] = lead[l] = start_speed[k + l];
            least[l] = 1e9;
            hardest[l] = effort[l] = 0.0;
            minus[l] = -braking[k + l];
            at[l] = brakes_at[k + l];
            mine[l] = seed[k + l];
        }
        for (long t = 0; t < ticks; t++) {
            double *const restrict gap_now = seen_gap[t & 3], *const restrict rate_now = seen_rate[t & 3];
            const double *const gap_last = seen_gap[(t - 1) & 3], *const rate_last = seen_rate[(t - 1) & 3];
            const double *const gap_late = seen_gap[t < 3 ? 0 : (t - 3) & 3];
            const double *const rate_late = seen_rate[t < 3 ? 0 : (t - 3) & 3];
            const double now = (double)t;
            const uint64_t least_bits = t == 0 ? 0 : 3277;
            EACH bits[l] = random_bits(mine[l], (uint64_t)t);
            EACH {
                const double gap_error = ((double)((bits[l] & 65535) + (bits[l] >> 16 & 65535)) - 65535.0) * 0x1p-17;
                const double rate_error = ((double)(bits[l] >> 32 & 65535) - 32767.5) * 0x1p-19;
                const double g = gap[l] + gap_error, r = lead[l] - speed[l] + rate_error;
                gap_now[l] = (bits[l] >> 48) >= least_bits ? g : gap_last[l];
                rate_now[l] = (bits[l] >> 48) >= least_bits ? r : rate_last[l];
            }
            if (t == ticks - 1) {
                EACH shown[l] = speed[l];
            }
            EACH {
                const double g = gap[l], v = speed[l], f = lead[l];
                const double command = law(gap_late[l], v, rate_late[l]);
                least[l] = min64(least[l], g);
                hardest[l] = min64(hardest[l], command);
                effort[l] = effort[l] + command * command;
                gap[l] = g + 0.1 * (f - v);
                speed[l] = max64(v + 0.1 * command, 0.0);
                lead[l] = max64(f + 0.1 * (now >= at[l] ? minus[l] : 0.0), 0.0);
            }
        }
        memcpy(least_out + k, least, sizeof least);
        memcpy(hardest_out + k, hardest, sizeof hardest);
        memcpy(effort_out + k, effort, sizeof effort);
        memcpy(speed_out + k, shown, sizeof shown);
    }
}

void policy_scalar(long runs, long ticks, const float *start_gap, const float *start_speed, const float *braking,
                   const int32_t *brakes_at, float *least_out, float *hardest_out, float *effort_out,
                   float *speed_out)
{
    for (long k = 0; k < runs; k++) {
        float gap = start_gap[k], speed = start_speed[k], lead = start_speed[k], last = 0.0f;
        float least = 1e9f, hardest = 0.0f, effort = 0.0f, shown = 0.0f;
        for (long t = 0; t < ticks; t++) {
            const float x[4] = {gap * 0.01f, speed * 0.02f, (lead - speed) * 0.1f, last * 0.2f};
            float first[32] = {0}, second[32] = {0}, third = 0.0f;
            for (int i = 0; i < 4; i++)
                for (int j = 0; j < 32; j++) first[j] = first[j] + w0[j][i] * x[i];
            for (int j = 0; j < 32; j++) first[j] = tanh_f32(first[j] + b0[j]);
            for (int i = 0; i < 32; i++)
                for (int j = 0; j < 32; j++) second[j] = second[j] + w1[j][i] * first[i];
            for (int j = 0; j < 32; j++) second[j] = tanh_f32(second[j] + b1[j]);
            for (int i = 0; i < 32; i++) third = third + w2[0][i] * second[i];
            const float command = min32(2.0f, max32(-6.0f, 4.0f * (third + b2[0])));
            last = command;
            least = min32(least, gap);
            hardest = min32(hardest, command);
            effort = effort + command * command;
            shown = speed;
            gap = gap + 0.1f * (lead - speed);
            speed = max32(speed + 0.1f * command, 0.0f);
            lead = max32(lead + 0.1f * (t >= brakes_at[k] ? -braking[k] : 0.0f), 0.0f);
        }
        least_out[k] = least;
        hardest_out[k] = hardest;
        effort_out[k] = effort;
        speed_out[k] = shown;
    }
}

/* A layer for 16 lanes at a time, eight neurons in registers. */
typedef float lane16 __attribute__((vector_size(64), may_alias));

static inline void layer(int rows, int columns, const float *weight, const float *bias, const float (*x)[LANES],
                         float (*y)[LANES])
{
    for (int l = 0; l < LANES; l += 16) {
        for (int j = 0; j < rows; j += 8) {
            lane16 sum[8] = {0};
            for (int i = 0; i < columns; i++) {
                const lane16 value = *(const lane16 *)&x[i][l];
                for (int c = 0; c < 8; c++) sum[c] = sum[c] + weight[(j + c) * columns + i] * value;
            }
            for (int c = 0; c < 8; c++) *(lane16 *)&y[j + c][l] = sum[c] + bias[j + c];
        }
    }
}

void policy_lanes(long runs, long ticks, const float *start_gap, const float *start_speed, const float *braking,
                  const int32_t *brakes_at, float *least_out, float *hardest_out, float *effort_out,
                  float *speed_out)
{
    static _Alignas(64) float x[4][LANES], first[32][LANES], second[32][LANES];
    for (long k = 0; k < runs; k += LANES) {
        _Alignas(64) float gap[LANES], speed[LANES], lead[LANES], least[LANES], hardest[LANES], effort[LANES];
        _Alignas(64) float minus[LANES], at[LANES], last[LANES], third[LANES], shown[LANES];
        EACH {
            gap[l] = start_gap[k + l];
            speed[l] = lead[l] = start_speed[k + l];
            least[l] = 1e9f;
            hardest[l] = effort[l] = last[l] = 0.0f;
            minus[l] = -braking[k + l];
            at[l] = (float)brakes_at[k + l];
        }
        for (long t = 0; t < ticks; t++) {
            const float now = (float)t;
            EACH {
                x[0][l] = gap[l] * 0.01f;
                x[1][l] = speed[l] * 0.02f;
                x[2][l] = (lead[l] - speed[l]) * 0.1f;
                x[3][l] = last[l] * 0.2f;
            }
            layer(32, 4, &w0[0][0], b0, x, first);
            for (int j = 0; j < 32; j++) EACH first[j][l] = tanh_f32(first[j][l]);
            layer(32, 32, &w1[0][0], b1, first, second);
            for (int j = 0; j < 32; j++) EACH second[j][l] = tanh_f32(second[j][l]);
            EACH third[l] = 0.0f;
            for (int i = 0; i < 32; i++) EACH third[l] = third[l] + w2[0][i] * second[i][l];
            if (t == ticks - 1) {
                EACH shown[l] = speed[l];
            }
            EACH {
                const float g = gap[l], v = speed[l], f = lead[l];
                const float command = min32(2.0f, max32(-6.0f, 4.0f * (third[l] + b2[0])));
                last[l] = command;
                least[l] = min32(least[l], g);
                hardest[l] = min32(hardest[l], command);
                effort[l] = effort[l] + command * command;
                gap[l] = g + 0.1f * (f - v);
                speed[l] = max32(v + 0.1f * command, 0.0f);
                lead[l] = max32(f + 0.1f * (now >= at[l] ? minus[l] : 0.0f), 0.0f);
            }
        }
        memcpy(least_out + k, least, sizeof least);
        memcpy(hardest_out + k, hardest, sizeof hardest);
        memcpy(effort_out + k, effort, sizeof effort);
        memcpy(speed_out + k, shown, sizeof shown);
    }
}
