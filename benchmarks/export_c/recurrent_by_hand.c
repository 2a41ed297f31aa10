/* The network of recurrent.py as an engineer writes it, with the same order of operations. */
#include "recurrent_by_hand.h"

#include "functions.h"
#include "weights.h"

#define INPUTS 32
#define UNITS 32
#define OUTPUTS 8

void by_hand_init(by_hand_state *self)
{
    for (int k = 0; k < UNITS; k++) {
        self->hidden[k] = 0.0f;
    }
}

void by_hand_step(const network_in *in, network_out *out, by_hand_state *self)
{
    float seen[UNITS] = {0.0f};
    float remembered[UNITS] = {0.0f};
    float result[OUTPUTS] = {0.0f};
    for (int i = 0; i < INPUTS; i++) {
        for (int k = 0; k < UNITS; k++) {
            seen[k] += w[i][k] * in->x[i];
        }
    }
    for (int i = 0; i < UNITS; i++) {
        for (int k = 0; k < UNITS; k++) {
            remembered[k] += u[i][k] * self->hidden[i];
        }
    }
    for (int k = 0; k < UNITS; k++) {
        self->hidden[k] = tanh_f32(seen[k] + remembered[k] + b[k]);
    }
    for (int i = 0; i < UNITS; i++) {
        for (int k = 0; k < OUTPUTS; k++) {
            result[k] += v[i][k] * self->hidden[i];
        }
    }
    for (int k = 0; k < OUTPUTS; k++) {
        out->out[k] = result[k] + c[k];
    }
}
