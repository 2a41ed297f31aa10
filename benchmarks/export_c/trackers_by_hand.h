/* The trackers of trackers.py, written by hand, in the place of trackers_init and trackers_step. */
#ifndef TRACKERS_BY_HAND_H
#define TRACKERS_BY_HAND_H

#include "trackers.h"

typedef struct {
    float place[64];
    float speed[64];
} by_hand_state;

void by_hand_init(by_hand_state *self);
void by_hand_step(const trackers_in *in, trackers_out *out, by_hand_state *self);

#endif
