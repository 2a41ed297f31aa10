/* The filters of filters.py, written by hand, in the place of filters_init and filters_step. */
#ifndef FILTERS_BY_HAND_H
#define FILTERS_BY_HAND_H

#include "filters.h"

typedef struct {
    float filter[20];
} by_hand_state;

void by_hand_init(by_hand_state *self);
void by_hand_step(const filters_in *in, filters_out *out, by_hand_state *self);

#endif
