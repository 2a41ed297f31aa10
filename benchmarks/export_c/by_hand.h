/* Interface of the hand-written controller. */
#ifndef BY_HAND_H
#define BY_HAND_H

typedef struct {
    float filter[20];
    float integral;
    float last;
} by_hand_state;

void by_hand_init(by_hand_state *self);
float by_hand_step(float target, float actual, by_hand_state *self);

#endif
