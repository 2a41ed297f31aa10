/* The controller of controller.py, written by hand, in the place of bench_init and bench_step. */
#ifndef CONTROLLER_BY_HAND_H
#define CONTROLLER_BY_HAND_H

#include "bench.h"

typedef struct {
    float filter[20];
    float integral;
    float last;
} by_hand_state;

void by_hand_init(by_hand_state *self);
void by_hand_step(const bench_in *in, bench_out *out, by_hand_state *self);

#endif
