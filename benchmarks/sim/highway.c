/*
 * The highway of highway.py in C, written by hand twice: one run after another, where a car looks for its neighbours
 * only when it needs them, and 16 runs at a time with a loop over the lanes in each step. `runs` is a multiple of 16.
 * Inputs are [runs][CARS]; so are the results, those of the last tick.
 */
#include <float.h>
#include <stdint.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

enum { CARS = 21, ROAD_LANES = 4, PERIOD = 5, LANES = 16 };
#define FAR 10000.0f
#define OWN FLT_TRUE_MIN
#define EACH for (int l = 0; l < LANES; l++)

static inline float min32(float x, float y) { return y < x ? y : x; }
static inline float max32(float x, float y) { return y > x ? y : x; }

static inline float idm(float v, float wanted, float gap, float lead)
{
    const float ratio = max32(v, 0.0f) / wanted;
    const float needed = 10.0f + v * 1.5f + v * (v - lead) / 7.745966692414834f;
    const float pressed = gap < FAR ? needed / max32(gap, 0.01f) : 0.0f;
    return 3.0f * (1.0f - ratio * ratio * ratio * ratio - pressed * pressed);
}

static inline float limited(float a) { return min32(6.0f, max32(-6.0f, a)); }

/* The place of the nearest car on a lane, or -1; `least` is above 0 on the own lane, where the car is itself. */
static inline int nearest(const float *x, const int32_t *lane, float here, int32_t on, float sign, float least,
                          float *gap)
{
    int found = -1;
    *gap = FAR;
    for (int j = 0; j < CARS; j++) {
        const float off = sign * (x[j] - here);
        if (lane[j] == on && off >= least && off < *gap) {
            *gap = off;
            found = j;
        }
    }
    return found;
}

void highway_scalar(long runs, long ticks, const float *start, const float *start_speed, const int32_t *start_lane,
                    const float *wanted_in, float *x_out, float *v_out, int32_t *lane_out, float *least_out)
{
    for (long k = 0; k < runs; k++) {
        float x[CARS], v[CARS], a[CARS], least = FAR;
        int32_t lane[CARS], after[CARS];
        const float *wanted = wanted_in + k * CARS;
        for (int i = 0; i < CARS; i++) {
            x[i] = start[k * CARS + i];
            v[i] = start_speed[k * CARS + i];
            lane[i] = start_lane[k * CARS + i];
        }
        for (long t = 0; t < ticks; t++) {
            for (int i = 0; i < CARS; i++) {
                float gap;
                const int lead = nearest(x, lane, x[i], lane[i], 1.0f, OWN, &gap);
                a[i] = limited(idm(v[i], wanted[i], gap, lead < 0 ? 0.0f : v[lead]));
                after[i] = lane[i];
                if (i == 0) least = min32(least, gap);
            }
            for (int i = 1 + (int)(t % PERIOD); i < CARS; i += PERIOD) {
                float gap;
                if (v[i] < 1.0f) continue;
                const int lead = nearest(x, after, x[i], after[i], 1.0f, OWN, &gap);
                const float now = idm(v[i], wanted[i], gap, lead < 0 ? 0.0f : v[lead]);
                int32_t target = after[i];
                for (int side = -1; side <= 1; side += 2) {
                    const int32_t into = after[i] + side;
                    float ahead, behind;
                    if (into < 0 || into >= ROAD_LANES) continue;
                    const int other = nearest(x, after, x[i], into, 1.0f, 0.0f, &ahead);
                    if (!(ahead > 10.0f)) continue;
                    const float then = idm(v[i], wanted[i], ahead, other < 0 ? 0.0f : v[other]);
                    if (!(then >= -6.0f) || !(then - now >= 0.2f)) continue;
                    const int follower = nearest(x, after, x[i], into, -1.0f, 0.0f, &behind);
                    if (!(behind > 10.0f)) continue;
                    if (follower < 0 || idm(v[follower], wanted[follower], behind, v[i]) >= -2.0f) target = into;
                }
                after[i] = target;
            }
            if (t == ticks - 1) {
                for (int i = 0; i < CARS; i++) {
                    x_out[k * CARS + i] = x[i];
                    v_out[k * CARS + i] = v[i];
                    lane_out[k * CARS + i] = lane[i];
                }
            }
            for (int i = 0; i < CARS; i++) {
                x[i] = x[i] + 0.2f * v[i];
                v[i] = max32(v[i] + 0.2f * a[i], 0.0f);
                lane[i] = after[i];
            }
        }
        least_out[k] = least;
    }
}

typedef float row_t[LANES] __attribute__((aligned(64)));
typedef int32_t whole_t[LANES] __attribute__((aligned(64)));

/* What 16 cars, one in each lane, see on the lanes `on` of the road. */
static inline void look(const row_t *x, const row_t *v, const row_t *wanted, const whole_t *lane, const float *here,
                        const int32_t *on, int ahead, float least, float *gap_out, float *speed_out, float *wanted_out)
{
#ifdef __AVX512F__
    /* Neither gcc nor clang makes of the loops below what the processor can do. */
    const __m512 place = _mm512_load_ps(here), from = _mm512_set1_ps(least);
    const __m512i where = _mm512_load_si512(on);
    __m512 gap = _mm512_set1_ps(FAR), speed = _mm512_setzero_ps(), want = _mm512_set1_ps(1.0f);
    for (int j = 0; j < CARS; j++) {
        const __m512 there = _mm512_load_ps(x[j]);
        const __m512 off = ahead ? _mm512_sub_ps(there, place) : _mm512_sub_ps(place, there);
        __mmask16 closer = _mm512_cmpeq_epi32_mask(_mm512_load_si512(lane[j]), where);
        closer = _mm512_mask_cmp_ps_mask(closer, off, from, _CMP_GE_OQ);
        closer = _mm512_mask_cmp_ps_mask(closer, off, gap, _CMP_LT_OQ);
        gap = _mm512_mask_mov_ps(gap, closer, off);
        speed = _mm512_mask_load_ps(speed, closer, v[j]);
        want = _mm512_mask_load_ps(want, closer, wanted[j]);
    }
    _mm512_store_ps(gap_out, gap);
    _mm512_store_ps(speed_out, speed);
    _mm512_store_ps(wanted_out, want);
#else
    row_t gap, speed, want;
    EACH {
        gap[l] = FAR;
        speed[l] = 0.0f;
        want[l] = 1.0f;
    }
    for (int j = 0; j < CARS; j++) {
        EACH {
            const float off = ahead ? x[j][l] - here[l] : here[l] - x[j][l];
            const int closer = (lane[j][l] == on[l]) & (off >= least) & (off < gap[l]);
            gap[l] = closer ? off : gap[l];
            speed[l] = closer ? v[j][l] : speed[l];
            want[l] = closer ? wanted[j][l] : want[l];
        }
    }
    EACH {
        gap_out[l] = gap[l];
        speed_out[l] = speed[l];
        wanted_out[l] = want[l];
    }
#endif
}

void highway_lanes(long runs, long ticks, const float *start, const float *start_speed, const int32_t *start_lane,
                   const float *wanted_in, float *x_out, float *v_out, int32_t *lane_out, float *least_out)
{
    for (long k = 0; k < runs; k += LANES) {
        row_t x[CARS], v[CARS], a[CARS], wanted[CARS], least;
        whole_t lane[CARS], after[CARS];
        for (int i = 0; i < CARS; i++) {
            EACH {
                x[i][l] = start[(k + l) * CARS + i];
                v[i][l] = start_speed[(k + l) * CARS + i];
                lane[i][l] = start_lane[(k + l) * CARS + i];
                wanted[i][l] = wanted_in[(k + l) * CARS + i];
            }
        }
        EACH least[l] = FAR;
        for (long t = 0; t < ticks; t++) {
            row_t gap, speed, unused;
            for (int i = 0; i < CARS; i++) {
                look(x, v, wanted, lane, x[i], lane[i], 1, OWN, gap, speed, unused);
                EACH {
                    a[i][l] = limited(idm(v[i][l], wanted[i][l], gap[l], speed[l]));
                    after[i][l] = lane[i][l];
                }
                if (i == 0) EACH least[l] = min32(least[l], gap[l]);
            }
            for (int i = 1 + (int)(t % PERIOD); i < CARS; i += PERIOD) {
                row_t now;
                whole_t target;
                look(x, v, wanted, after, x[i], after[i], 1, OWN, gap, speed, unused);
                EACH {
                    now[l] = idm(v[i][l], wanted[i][l], gap[l], speed[l]);
                    target[l] = after[i][l];
                }
                for (int side = -1; side <= 1; side += 2) {
                    row_t behind, follower, follower_wanted;
                    whole_t into;
                    EACH into[l] = after[i][l] + side;
                    look(x, v, wanted, after, x[i], into, 1, 0.0f, gap, speed, unused);
                    look(x, v, wanted, after, x[i], into, 0, 0.0f, behind, follower, follower_wanted);
                    EACH {
                        const float then = idm(v[i][l], wanted[i][l], gap[l], speed[l]);
                        const float pushed = idm(follower[l], follower_wanted[l], behind[l], v[i][l]);
                        const float imposed = behind[l] < FAR ? pushed : 0.0f;
                        const int go = (imposed >= -2.0f) & (then - now[l] >= 0.2f) & (then >= -6.0f)
                                       & (gap[l] > 10.0f) & (behind[l] > 10.0f) & (into[l] >= 0)
                                       & (into[l] < ROAD_LANES) & (v[i][l] >= 1.0f);
                        target[l] = go ? into[l] : target[l];
                    }
                }
                EACH after[i][l] = target[l];
            }
            if (t == ticks - 1) {
                for (int i = 0; i < CARS; i++) {
                    EACH {
                        x_out[(k + l) * CARS + i] = x[i][l];
                        v_out[(k + l) * CARS + i] = v[i][l];
                        lane_out[(k + l) * CARS + i] = lane[i][l];
                    }
                }
            }
            for (int i = 0; i < CARS; i++) {
                EACH {
                    x[i][l] = x[i][l] + 0.2f * v[i][l];
                    v[i][l] = max32(v[i][l] + 0.2f * a[i][l], 0.0f);
                    lane[i][l] = after[i][l];
                }
            }
        }
        EACH least_out[k + l] = least[l];
    }
}
