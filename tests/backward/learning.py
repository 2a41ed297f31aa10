"""Programs that learn, estimate and plan, in binary64; `test_learning.py` checks what the docstrings say."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np

from syncml import (
    Mat,
    Stream,
    Vec,
    cast,
    clip,
    constant,
    exp,
    f64,
    fby,
    hold,
    i32,
    maximum,
    merge,
    minimum,
    node,
    pack,
    post,
    pre,
    segment,
    sqrt,
    state,
    tanh,
    vec,
    when,
    where,
    wire,
    word,
)
from tests.backward.programs import GAMMA, LAMBDA, M33, V2, V3, VH, VO, VX, WH, WO, WX, Z3, Z33, N, outer

RATE = 0.1
THETA, CRITIC = np.array([0.3, -0.2]), np.array([0.1, 0.4])
Z2 = np.zeros(2)


@node
def td0(phi: Stream[Vec[L[2], f64]], r: Stream[f64]) -> Stream[Vec[L[2], f64]]:
    """TD(0) as it comes: w := w + rate (r + gamma w . phi - w . phi-) phi-, with phi- the features before."""
    w = state(init=CRITIC, type=V2)
    before = fby(Z2, phi)
    delta = fby(0.0, r) + GAMMA * (w @ phi) - w @ before
    w.next = w + RATE * delta * before
    return w


RING, DRAWN = 8, 3


@node
def q_learning(
    s: Stream[Vec[L[2], f64]], a: Stream[i32], r: Stream[f64]
) -> tuple[Stream[Mat[L[2], L[2], f64]], Stream[Vec[L[2], i32]]]:
    """Q(s, a) = W[a] . s from a ring of transitions, of which a generator draws some at each instant."""
    w = state(init=np.eye(2), type=Mat[L[2], L[2], f64])
    count = state(init=0)
    seed = state(init=1)
    befores = state(init=np.zeros((RING, 2)), type=Mat[L[8], L[2], f64])
    afters = state(init=np.zeros((RING, 2)), type=Mat[L[8], L[2], f64])
    acts = state(init=np.zeros(RING, np.int32), type=Vec[L[8], i32])
    rewards = state(init=np.zeros(RING), type=Vec[L[8], f64])
    slot = count % RING
    befores.next = befores.at[slot].set(fby(Z2, s))
    afters.next = afters.at[slot].set(s)
    acts.next = acts.at[slot].set(pre(a, init=0))
    rewards.next = rewards.at[slot].set(fby(0.0, r))
    count.next = count + 1
    drawn, change, picked = seed, w, []
    for _ in range(DRAWN):
        drawn = (drawn * 75 + 74) % 65537
        place = drawn % minimum(count.next, RING)
        x, y, action = befores.next[place], afters.next[place], acts.next[place]
        best = maximum(w[0] @ y, w[1] @ y)
        delta = rewards.next[place] + GAMMA * best - w[action] @ x
        change = change.at[action].set(change[action] + RATE * delta * x)
        picked.append(place)
    seed.next, w.next = drawn, change
    return w, vec(picked[0], picked[-1])


@node
def actor_critic(
    obs: Stream[Vec[L[2], f64]], a: Stream[f64], r: Stream[f64]
) -> tuple[Stream[Vec[L[2], f64]], Stream[Vec[L[2], f64]]]:
    """theta := theta + rate sum A grad log pi(a); w := w + rate sum A phi, with A of the weights of the segment."""
    with segment(every=N) as seg:
        theta, w = seg.carry(init=THETA, type=V2), seg.carry(init=CRITIC, type=V2)
        v = w @ obs
        d = r + GAMMA * post(v, init=0.0) - v
        adv = wire(f64)
        adv.define(d + GAMMA * LAMBDA * post(adv, init=0.0))
        actor, critic = state(init=Z2, type=V2), state(init=Z2, type=V2)
        actor.next = actor + adv * (a - theta @ obs) * obs
        critic.next = critic + adv * obs
        theta.next = when(theta, seg.last) + RATE * when(actor.next, seg.last)
        w.next = when(w, seg.last) + RATE * when(critic.next, seg.last)
    return theta, w


@node
def ppo(obs: Stream[Vec[L[2], f64]], a: Stream[f64], r: Stream[f64]) -> Stream[Vec[L[2], f64]]:
    """A packed segment is read again at every second instant of the next one: three epochs of the clipped objective."""
    theta = state(init=THETA, type=V2)
    with segment(every=N):
        off = a - theta @ obs
        g = wire(f64)
        g.define(r + GAMMA * post(g, init=0.0))
        seen, done, old, gain = pack(obs), pack(a), pack(-0.5 * off * off), pack(g)
    epoch = word("(01)")
    x, act = when(hold(seen, init=0.0), epoch), when(hold(done, init=0.0), epoch)
    before, advantage = when(hold(old, init=0.0), epoch), when(hold(gain, init=0.0), epoch)
    now = when(theta, epoch)
    error = act - x @ now
    ratio = exp(-0.5 * error * error - before)
    # The clipped ratio counts where it gives the lesser objective; there, the slope is 0.
    slopes = where(ratio * advantage <= clip(ratio, 0.8, 1.2) * advantage, ratio * advantage, 0.0)
    theta.next = merge(epoch, now + RATE * ((slopes * error) @ x) / N, when(theta, ~epoch))
    return theta


@node
def birnn_gradient(
    x: Stream[Vec[L[2], f64]], y: Stream[f64]
) -> tuple[Stream[f64], Stream[Mat[L[3], L[3], f64]], Stream[Mat[L[3], L[3], f64]]]:
    """The loss of a bidirectional network and its gradients: the reverse of `post` is `fby`."""
    with segment(every=N) as seg:
        f = state(init=Z3, type=V3)
        f.next = tanh(WH @ f + WX @ x)
        b = wire(V3)
        after = post(b, init=Z3)
        b.define(tanh(VH @ after + VX @ x))
        e = f.next @ WO + b @ VO - y
        gf, gb = wire(V3), wire(V3)
        back = (e * constant(WO) + post(gf, init=Z3)) * (1.0 - f.next * f.next)
        gf.define(WH.T @ back)
        forth = (e * constant(VO) + fby(Z3, gb)) * (1.0 - b * b)
        gb.define(VH.T @ forth)
        loss = state(init=0.0, type=f64)
        loss.next = loss + 0.5 * e * e
        df, db = state(init=Z33, type=M33), state(init=Z33, type=M33)
        df.next, db.next = df + outer(back, f), db + outer(forth, after)
        return when(loss.next, seg.last), when(df.next, seg.last), when(db.next, seg.last)


@node
def epochs(x: Stream[f64], y: Stream[f64]) -> tuple[Stream[f64], Stream[f64]]:
    """Batches of three samples, epochs of two batches: the momentum starts again with each epoch."""
    with segment(every=3) as batch:
        w = batch.carry(init=0.5, type=f64)
        e = w * x - y
        slope = wire(f64)
        slope.define(e * x + post(slope, init=0.0))
        loss = state(init=0.0, type=f64)
        loss.next = loss + 0.5 * e * e
        down = pack(slope)[0]
        with_loss = when(loss.next, batch.last)
        old = when(w, batch.last)
    with segment(every=2) as epoch:
        momentum = state(init=0.0, type=f64)
        momentum.next = 0.5 * momentum + down
        total = state(init=0.0, type=f64)
        total.next = total + with_loss
        w.next = old - RATE * momentum.next
        result = when(total.next, epoch.last)
    return w, result


@node
def inference(x: Stream[f64], training: Stream[bool]) -> Stream[Vec[L[6], f64]]:
    """A batch is normalised by its own mean and variance while it trains, else by those of the batches before."""
    with segment(every=N) as seg:
        s1, s2 = state(init=0.0, type=f64), state(init=0.0, type=f64)
        s1.next, s2.next = s1 + x, s2 + x * x
        count = cast(seg.index + 1, f64)
        mean = s1.next / count
        mu, va = wire(f64), wire(f64)
        mu.define(post(mu, init=mean))
        va.define(post(va, init=s2.next / count - mean * mean))
        usual, spread = seg.carry(init=0.0, type=f64), seg.carry(init=1.0, type=f64)
        usual.next = 0.9 * when(usual, seg.last) + 0.1 * when(mu, seg.last)
        spread.next = 0.9 * when(spread, seg.last) + 0.1 * when(va, seg.last)
        centre = merge(training, when(mu, training), when(usual, ~training))
        width = merge(training, when(va, training), when(spread, ~training))
        return pack((x - centre) / sqrt(width + 1e-3))


@node
def adjoints(x: Stream[f64], t: Stream[f64], c: Stream[bool]) -> tuple[Stream[f64], Stream[f64]]:
    """A loss through `fby`, `post`, `when` and `merge`, and its derivative to the factor 0.7 by the rule for each."""
    with segment(every=N) as seg:
        u = 0.7 * x
        p, q = post(u, init=0.5), fby(0.1, u)
        product = when(p * q, c)
        m = merge(c, product * product, when(q, ~c))
        loss = state(init=0.0, type=f64)
        loss.next = loss + m * t
        nothing = 0.0 * t
        d_product = merge(c, 2.0 * product * when(t, c), when(nothing, ~c))
        d_p = q * d_product
        d_q = p * d_product + merge(c, when(nothing, c), when(t, ~c))
        d_u = fby(0.0, d_p) + post(d_q, init=0.0)
        slope = state(init=0.0, type=f64)
        slope.next = slope + d_u * x
        return when(loss.next, seg.last), when(slope.next, seg.last)


DRIFT, PROCESS, NOISE, PRIOR_VARIANCE = 0.9, 0.3, 0.5, 2.0


@node
def smoother(y: Stream[f64]) -> Stream[Vec[L[6], f64]]:
    """The mean of a random walk given all measurements of a segment: Kalman forwards, Rauch-Tung-Striebel backwards."""
    with segment(every=N) as seg:
        mean, variance = state(init=0.0, type=f64), state(init=0.0, type=f64)
        expected = where(seg.first, 0.0, DRIFT * mean)
        spread = where(seg.first, PRIOR_VARIANCE, DRIFT * DRIFT * variance + PROCESS)
        gain = spread / (spread + NOISE)
        mean.next = expected + gain * (y - expected)
        variance.next = (1.0 - gain) * spread
        back = DRIFT * variance.next / (DRIFT * DRIFT * variance.next + PROCESS)
        smooth = wire(f64)
        ahead = post(smooth, init=DRIFT * mean.next)
        smooth.define(mean.next + back * (ahead - DRIFT * mean.next))
        return pack(smooth)


PLANT, DRIVE = np.array([[1.0, 0.2], [0.0, 0.9]]), np.array([0.1, 0.5])
STATE_COST, FINAL_COST, DRIVE_COST = np.diag([1.0, 0.2]), np.diag([4.0, 1.0]), 0.3


@node
def regulator(
    x0: Stream[Vec[L[2], f64]], wish: Stream[f64]
) -> tuple[Stream[Vec[L[6], f64]], Stream[Mat[L[6], L[2], f64]]]:
    """The drive and the states of the least cost over a segment, a linear plant: Riccati backwards, the plant forwards.

    The cost is x' Q x + R (u - wish)^2 at each instant, and x' F x after the last.
    """
    with segment(every=N) as seg:
        cost, pull = wire(Mat[L[2], L[2], f64]), wire(V2)
        later, drawn = post(cost, init=FINAL_COST), post(pull, init=Z2)
        down = DRIVE @ later
        weight = down @ DRIVE + DRIVE_COST
        gain = (down @ PLANT) / weight
        constant_part = (DRIVE_COST * wish - DRIVE @ drawn) / weight
        # With u = k - g x the rest of the cost is x' P x + 2 p . x and something constant.
        closed = PLANT - outer(constant(DRIVE, f64), gain)
        cost.define(STATE_COST + PLANT.T @ later @ closed)
        pull.define(closed.T @ drawn + wish * DRIVE_COST * gain)
        x = state(init=Z2, type=V2)
        here = where(seg.first, x0, x)
        u = constant_part - gain @ here
        x.next = PLANT @ here + DRIVE * u
        return pack(u), pack(here)


FINAL = constant([0.0, 0.0, 0.0, 1.0, 1.0], f64)
LABELS = (0, 1, 0, 2, 0)
"""A word of two letters, 1 and 2, with the blank 0 around each."""


@node
def ctc(y: Stream[Vec[L[3], f64]]) -> tuple[Stream[f64], Stream[Mat[L[6], L[5], f64]]]:
    """The probability of the word over all its alignments, from those of the letters; and the share of each place."""
    with segment(every=N) as seg:
        seen = vec(*(y[label] for label in LABELS))
        alpha = state(init=np.zeros(5), type=Vec[L[5], f64])
        start = constant([1.0, 1.0, 0.0, 0.0, 0.0], f64)
        alpha.next = seen * where(seg.first, start, MOVES.T @ alpha)
        beta = wire(Vec[L[5], f64])
        beta.define(MOVES @ post(seen * beta, init=np.zeros(5)) + where(seg.last, FINAL, 0.0))
        joint = alpha.next * beta
        return when(joint.sum(), seg.last), pack(joint / joint.sum())


def _moves() -> Any:
    """From each place of the word to itself, to the next, and over a blank between different letters."""
    found = np.eye(5) + np.eye(5, k=1)
    found[1, 3] = 1.0
    return found


MOVES = _moves()
