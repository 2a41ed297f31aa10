/* The part of the flagship that runs in the car, written by hand, in the place of acc_init and acc_step. */
#ifndef FLAGSHIP_BY_HAND_H
#define FLAGSHIP_BY_HAND_H

#include "acc.h"

#define HIDDEN 12

typedef struct {
    int to_frame;  /* ticks until the next radar frame */
    int to_policy; /* ticks until the policy chooses again */
    /* Tracker. */
    float memory[HIDDEN];
    float track_gap;
    float track_closing;
    /* Policy. */
    float headway;
    /* Health of the radar. */
    int age;
    int good;
    bool degraded;
    /* Controller. */
    float integral;
    float wanted;
    float err;
    float command;
    /* Shield. */
    float certain_gap;
    float certain_lead_speed;
    float top_speed;
} by_hand_state;

void by_hand_init(by_hand_state *self);
void by_hand_step(const acc_in *in, acc_out *out, by_hand_state *self);

#endif
