/* The network of recurrent.py, written by hand, in the place of network_init and network_step. */
#ifndef RECURRENT_BY_HAND_H
#define RECURRENT_BY_HAND_H

#include "network.h"

typedef struct {
    float hidden[32];
} by_hand_state;

void by_hand_init(by_hand_state *self);
void by_hand_step(const network_in *in, network_out *out, by_hand_state *self);

#endif
