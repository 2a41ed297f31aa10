/*
 * The 8-64-64-2 network as an engineer writes it for speed: outputs inside, the sums of a tile in registers. WIDTH is
 * the number of outputs of a tile, ACTIVATION a function of float; weights are input-major.
 */
#ifndef MLP_BY_HAND_H
#define MLP_BY_HAND_H
#include <stddef.h>

#define LAYER(inputs, outputs, x, w, b, y) \
    for (size_t tile = 0; tile < (outputs); tile += WIDTH) { \
        float sum[WIDTH] = {0.0f}; \
        for (size_t i = 0; i < (inputs); i++) { \
            for (size_t j = 0; j < WIDTH; j++) { \
                sum[j] += (w)[i][tile + j] * (x)[i]; \
            } \
        } \
        for (size_t j = 0; j < WIDTH; j++) { \
            (y)[tile + j] = ACTIVATION(sum[j] + (b)[tile + j]); \
        } \
    }

static inline float relu(float x)
{
    return x > 0.0f ? x : 0.0f;
}

static inline void mlp_by_hand(const float *in, float *out)
{
    float first[64];
    float second[64];
    float last[2] = {0.0f};
    LAYER(8, 64, in, w0, b0, first)
    LAYER(64, 64, first, w1, b1, second)
    for (size_t i = 0; i < 64; i++) {
        for (size_t j = 0; j < 2; j++) {
            last[j] += w2[i][j] * second[i];
        }
    }
    for (size_t j = 0; j < 2; j++) {
        out[j] = last[j] + b2[j];
    }
}
#endif
