/* The controller of controller.py as an engineer writes it, with the same order of operations. */
#include "controller_by_hand.h"

#include "functions.h"
#include "weights.h"

#define FILTERS 20

static float clamp(float x, float low, float high)
{
    const float raised = x > low ? x : low;
    return raised < high ? raised : high;
}

static float network(const float features[3])
{
    float first[32];
    float second[32];
    for (int k = 0; k < 32; k++) {
        first[k] = 0.0f;
    }
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 32; k++) {
            first[k] += w0[i][k] * features[i];
        }
    }
    for (int k = 0; k < 32; k++) {
        first[k] = tanh_f32(first[k] + b0[k]);
    }
    for (int k = 0; k < 32; k++) {
        second[k] = 0.0f;
    }
    for (int i = 0; i < 32; i++) {
        for (int k = 0; k < 32; k++) {
            second[k] += w1[i][k] * first[i];
        }
    }
    for (int k = 0; k < 32; k++) {
        second[k] = tanh_f32(second[k] + b1[k]);
    }
    float gain = 0.0f;
    for (int i = 0; i < 32; i++) {
        gain += w2[i] * second[i];
    }
    return gain + b2;
}

void by_hand_init(by_hand_state *self)
{
    for (int k = 0; k < FILTERS; k++) {
        self->filter[k] = 0.0f;
    }
    self->integral = 0.0f;
    self->last = 0.0f;
}

void by_hand_step(const bench_in *in, bench_out *out, by_hand_state *self)
{
    float smooth = in->actual;
    for (int k = 0; k < FILTERS; k++) {
        smooth = self->filter[k] + 0.1f * (smooth - self->filter[k]);
        self->filter[k] = smooth;
    }
    const float err = in->target - smooth;
    const float slope = err - self->last;
    const float features[3] = {err, self->integral, slope};
    const float gain = network(features);
    const float raw = (0.8f + gain) * err + 0.1f * self->integral + 0.05f * slope;
    self->integral = clamp(self->integral + 0.01f * err, -10.0f, 10.0f);
    self->last = err;
    out->command = clamp(raw, -4.0f, 2.0f);
}
