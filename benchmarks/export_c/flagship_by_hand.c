/*
 * The node acc of scenarios/highway_acc/pipeline.py as an engineer writes it: radar tracker at 25 Hz, policy at 10 Hz,
 * controller and shield at 100 Hz. Every number is computed by the same operations in the same order as in the model,
 * so every output is the same bit for bit.
 */
#include "flagship_by_hand.h"

#include <math.h>
#include <string.h>

#include "functions.h"
#include "weights.h"

#define TICK 0.01f
#define TOP_SPEED 50.0f
#define RADAR_RANGE 300.0f
#define GATES (3 * HIDDEN)
#define UNITS 32
#define INPUTS 4

static float larger(float a, float b)
{
    return b > a ? b : a;
}

static float smaller(float a, float b)
{
    return b < a ? b : a;
}

static float clamp(float x, float low, float high)
{
    return smaller(high, larger(low, x));
}

/* One step of the recurrent unit; gates in the order reset, update, candidate. */
static void gru(const float x[INPUTS], float h[HIDDEN])
{
    float from_input[GATES] = {0.0f};
    float from_state[GATES] = {0.0f};
    for (int i = 0; i < INPUTS; i++) {
        for (int k = 0; k < GATES; k++) {
            from_input[k] += gru_input[i][k] * x[i];
        }
    }
    for (int i = 0; i < HIDDEN; i++) {
        for (int k = 0; k < GATES; k++) {
            from_state[k] += gru_recurrent[i][k] * h[i];
        }
    }
    for (int k = 0; k < GATES; k++) {
        from_input[k] += gru_input_bias[k];
        from_state[k] += gru_recurrent_bias[k];
    }
    float gate[2 * HIDDEN];
    for (int k = 0; k < 2 * HIDDEN; k++) {
        gate[k] = sigmoid_f32(from_input[k] + from_state[k]);
    }
    for (int k = 0; k < HIDDEN; k++) {
        const float update = gate[HIDDEN + k];
        const float candidate = tanh_f32(from_input[2 * HIDDEN + k] + gate[k] * from_state[2 * HIDDEN + k]);
        h[k] = (1.0f - update) * candidate + update * h[k];
    }
}

static void track(const acc_in *in, by_hand_state *self)
{
    const bool usable = in->frame_valid && !in->frame_new;
    const float expected = self->track_gap + 0.04f * self->track_closing;
    const float off_range = usable ? in->frame_range - expected : 0.0f;
    const float off_rate = usable ? in->frame_range_rate - self->track_closing : 0.0f;
    const float x[INPUTS] = {off_range, off_rate, usable ? 1.0f : 0.0f, 0.1f * self->track_closing};
    gru(x, self->memory);
    if (in->frame_new) {
        self->track_gap = clamp(in->frame_range, 0.0f, RADAR_RANGE);
        self->track_closing = clamp(in->frame_range_rate, -TOP_SPEED, TOP_SPEED);
        return;
    }
    float gain[3] = {0.0f};
    for (int i = 0; i < HIDDEN; i++) {
        for (int k = 0; k < 3; k++) {
            gain[k] += gain_weight[i][k] * self->memory[i];
        }
    }
    for (int k = 0; k < 3; k++) {
        gain[k] = sigmoid_f32(gain[k] + gain_bias[k]);
    }
    const float closing = self->track_closing + gain[1] * off_rate + gain[2] * off_range;
    self->track_gap = clamp(expected + gain[0] * off_range, 0.0f, RADAR_RANGE);
    self->track_closing = clamp(closing, -TOP_SPEED, TOP_SPEED);
}

/* The time gap to keep. */
static float policy(float speed, float gap, float closing)
{
    const float x[INPUTS] = {
        speed / 25.0f - 1.0f,
        smaller(gap, 150.0f) / 75.0f - 1.0f,
        closing / 10.0f,
        clamp(-closing / larger(gap, 2.0f), -1.0f, 1.0f),
    };
    float first[UNITS] = {0.0f};
    float second[UNITS] = {0.0f};
    for (int i = 0; i < INPUTS; i++) {
        for (int k = 0; k < UNITS; k++) {
            first[k] += policy_0[i][k] * x[i];
        }
    }
    for (int k = 0; k < UNITS; k++) {
        first[k] = tanh_f32(first[k] + policy_0_bias[k]);
    }
    for (int i = 0; i < UNITS; i++) {
        for (int k = 0; k < UNITS; k++) {
            second[k] += policy_1[i][k] * first[i];
        }
    }
    for (int k = 0; k < UNITS; k++) {
        second[k] = tanh_f32(second[k] + policy_1_bias[k]);
    }
    float chosen = 0.0f;
    for (int i = 0; i < UNITS; i++) {
        chosen += policy_2[i] * second[i];
    }
    return clamp(1.75f + 0.75f * tanh_f32(chosen + policy_2_bias), 1.0f, 2.5f);
}

/* Degraded after 0.3 s without a valid frame, nominal again after three valid ones in a row. */
static void watch_radar(bool valid, bool frame, by_hand_state *self)
{
    if (valid) {
        self->age = 0;
        self->good = self->good < 3 ? self->good + 1 : 3;
    } else {
        self->age = self->age < 1000 ? self->age + 1 : 1000;
        if (frame) {
            self->good = 0;
        }
    }
    if (self->age > 30) {
        self->degraded = true;
    } else if (self->good >= 3) {
        self->degraded = false;
    }
}

static float control(const acc_in *in, by_hand_state *self)
{
    const float last = self->command;
    if (fabsf(last - self->wanted) < 0.1f) {
        self->integral = clamp(self->integral + 0.0002f * self->err, -0.3f, 0.3f);
    }
    self->err = self->track_gap - 4.0f - self->headway * in->speed;
    const float approach = smaller(self->track_closing, 0.0f);
    const float to_stop = 0.5f * approach * approach / larger(self->track_gap - 3.0f, 1.0f);
    self->wanted = 0.18f * self->err + 0.75f * self->track_closing - to_stop + self->integral;
    float target = smaller(self->wanted, 0.4f * (in->v_set - in->speed));
    if (self->degraded) {
        target = smaller(target, -2.0f);
    }
    return clamp(clamp(target, -3.5f, 2.0f), last - 0.04f, last + 0.04f);
}

static void shield(float candidate, bool valid, bool new_target, const acc_in *in, acc_out *out, by_hand_state *self)
{
    float gap = self->certain_gap;
    float lead_speed = self->certain_lead_speed;
    if (new_target || valid) {
        const float seen_gap = in->frame_range - 0.5001f;
        const float seen_lead = larger(in->frame_range_rate + in->speed - 0.3501f, 0.0f);
        gap = new_target ? seen_gap : larger(seen_gap, gap);
        lead_speed = new_target ? seen_lead : larger(seen_lead, lead_speed);
    }
    const float speed = smaller(self->top_speed, in->speed + 0.1001f);
    out->bounds_gap = gap;
    out->bounds_lead_speed = lead_speed;
    out->bounds_speed = speed;

    /* One tick later. */
    const float next_gap = smaller(gap + TICK * (lead_speed - speed), RADAR_RANGE);
    const float next_lead = larger(lead_speed - 0.07f, 0.0f);
    const float next_speed = clamp(speed + TICK * in->acceleration, 0.0f, TOP_SPEED);
    self->certain_gap = next_gap;
    self->certain_lead_speed = next_lead;
    self->top_speed = next_speed;

    const float acceleration = in->acceleration + 0.0625f * (candidate - in->acceleration);
    const float missing = candidate + 6.0f;
    const float excess = next_speed + 0.16f * acceleration + missing * missing * 0.02f;
    const float to_brake = larger(excess, 0.0f);
    const float distance = 0.16f * next_speed + (to_brake * to_brake / 12.0f + TICK * to_brake);
    const float left = next_gap + next_lead * next_lead / 14.0f - distance - 0.5f;
    out->braking = left < 0.0f;
    self->command = out->braking ? larger(self->command - 0.25f, -6.0f) : candidate;
}

void by_hand_init(by_hand_state *self)
{
    memset(self, 0, sizeof *self);
    self->headway = 1.8f;
    self->top_speed = TOP_SPEED;
}

void by_hand_step(const acc_in *in, acc_out *out, by_hand_state *self)
{
    const bool frame = self->to_frame == 0;
    if (frame) {
        self->to_frame = 4;
        track(in, self);
    }
    self->to_frame--;
    if (self->to_policy == 0) {
        self->to_policy = 10;
        self->headway = policy(in->speed, self->track_gap, self->track_closing);
    }
    self->to_policy--;
    const bool valid = frame && in->frame_valid;
    const bool new_target = frame && in->frame_new;
    watch_radar(valid, frame, self);
    const float candidate = control(in, self);
    shield(candidate, valid, new_target, in, out, self);
    out->command = self->command;
    out->mode = self->degraded ? acc_Mode_DEGRADED : acc_Mode_NOMINAL;
    out->headway = self->headway;
}
