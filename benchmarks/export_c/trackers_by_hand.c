/* The trackers of trackers.py as an engineer writes them: one loop over all of them, the state as arrays. */
#include "trackers_by_hand.h"

#define TRACKERS 64

void by_hand_init(by_hand_state *self)
{
    for (int k = 0; k < TRACKERS; k++) {
        self->place[k] = 0.0f;
        self->speed[k] = 0.0f;
    }
}

void by_hand_step(const trackers_in *in, trackers_out *out, by_hand_state *self)
{
    float nearest = 100.0f;
    float before = 0.0f;
    for (int k = 0; k < TRACKERS; k++) {
        const float place = self->place[k];
        const float ahead = place + 0.01f * self->speed[k];
        const float error = in->valid[k] ? in->gaps[k] - ahead : 0.0f;
        self->place[k] = ahead + 0.2f * error;
        self->speed[k] = self->speed[k] + 0.5f * error;
        nearest = place < nearest ? place : nearest;
        out->smooth[k] = before + place;
        before = 0.5f * before + 0.5f * place;
    }
    out->nearest = nearest;
}
