"""Programs with a backward direction, in binary64 so that finite differences judge them.

Each is a node; what it computes is said by an equation in its docstring and checked in `test_programs.py`.
"""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np

from syncml import (
    Mat,
    Stream,
    Vec,
    cast,
    constant,
    f64,
    fby,
    i32,
    log,
    maximum,
    merge,
    node,
    pack,
    post,
    segment,
    sqrt,
    state,
    tanh,
    unpack,
    vec,
    when,
    where,
    wire,
)

N = 6
"""The length of a segment."""

R = np.random.default_rng(7)
WH, WX, WO = R.normal(size=(3, 3)) * 0.5, R.normal(size=(3, 2)) * 0.7, R.normal(size=3)
VH, VX, VO = R.normal(size=(3, 3)) * 0.4, R.normal(size=(3, 2)) * 0.6, R.normal(size=3)
Z3, Z33, Z32 = np.zeros(3), np.zeros((3, 3)), np.zeros((3, 2))
GAMMA, LAMBDA = 0.9, 0.8

V2, V3, M33, M32 = Vec[L[2], f64], Vec[L[3], f64], Mat[L[3], L[3], f64], Mat[L[3], L[2], f64]


def outer(a: Any, b: Any) -> Any:
    return a.reshape(-1, 1) * b.reshape(1, -1)


@node
def plain_rnn(x: Stream[Vec[L[2], f64]]) -> Stream[f64]:
    """h = tanh(Wh (0 fby h) + Wx x), cut at each segment; y = wo . h."""
    with segment(every=N):
        h = state(init=Z3, type=V3)
        now = tanh(WH @ h + WX @ x)
        h.next = now
        return now @ WO


@node
def rnn_gradient(
    x: Stream[Vec[L[2], f64]], y: Stream[f64]
) -> tuple[Stream[f64], Stream[Mat[L[3], L[3], f64]], Stream[Mat[L[3], L[2], f64]], Stream[Vec[L[3], f64]]]:
    """The loss sum (wo . h - y)^2 / 2 of a segment and its gradients, by back-propagation through time."""
    with segment(every=N) as seg:
        h = state(init=Z3, type=V3)
        now = tanh(WH @ h + WX @ x)
        h.next = now
        e = now @ WO - y
        ghp = wire(V3)
        ga = (e * constant(WO) + post(ghp, init=Z3)) * (1.0 - now * now)
        ghp.define(WH.T @ ga)
        loss = state(init=0.0, type=f64)
        loss.next = loss + 0.5 * e * e
        dh = state(init=Z33, type=M33)
        dh.next = dh + outer(ga, h)
        dx = state(init=Z32, type=M32)
        dx.next = dx + outer(ga, x)
        do = state(init=Z3, type=V3)
        do.next = do + e * now
        end = seg.last
        return when(loss.next, end), when(dh.next, end), when(dx.next, end), when(do.next, end)


@node
def training(x: Stream[Vec[L[2], f64]], y: Stream[f64]) -> tuple[Stream[f64], Stream[Mat[L[3], L[3], f64]]]:
    """The loop of the segments: Wn = W - lr dLoss/dW, and W is Wn in the next segment."""
    with segment(every=N) as seg:
        w = seg.carry(init=WH, type=M33)
        h = state(init=Z3, type=V3)
        now = tanh(w @ h + WX @ x)
        h.next = now
        e = now @ WO - y
        ghp = wire(V3)
        ga = (e * constant(WO) + post(ghp, init=Z3)) * (1.0 - now * now)
        ghp.define(w.T @ ga)
        acc = state(init=Z33, type=M33)
        acc.next = acc + outer(ga, h)
        loss = state(init=0.0, type=f64)
        loss.next = loss + 0.5 * e * e
        w.next = when(w, seg.last) - 0.05 * when(acc.next, seg.last)
        result = when(loss.next, seg.last)
    return result, w


@node
def training_backward(x: Stream[Vec[L[2], f64]], y: Stream[f64]) -> tuple[Stream[f64], Stream[Mat[L[3], L[3], f64]]]:
    """The same loop with the gradient accumulated from the end to the start."""
    with segment(every=N) as seg:
        w = seg.carry(init=WH, type=M33)
        h = state(init=Z3, type=V3)
        now = tanh(w @ h + WX @ x)
        h.next = now
        e = now @ WO - y
        ghp = wire(V3)
        ga = (e * constant(WO) + post(ghp, init=Z3)) * (1.0 - now * now)
        ghp.define(w.T @ ga)
        acc = wire(M33)
        acc.define(post(acc, init=Z33) + outer(ga, h))
        loss = state(init=0.0, type=f64)
        loss.next = loss + 0.5 * e * e
        w.next = when(w, seg.last) - 0.05 * pack(acc)[0]
        result = when(loss.next, seg.last)
    return result, w


@node
def batch_norm(
    x: Stream[f64], dy: Stream[f64], end: Stream[bool]
) -> tuple[Stream[f64], Stream[f64], Stream[Vec[L[6], f64]], Stream[f64], Stream[f64], Stream[bool]]:
    """xh = (x - mean) / sqrt(var + eps) over a ragged batch, and its reverse, one batch later."""
    with segment(every=end, longest=N) as seg:
        s1, s2 = state(init=0.0, type=f64), state(init=0.0, type=f64)
        s1.next, s2.next = s1 + x, s2 + x * x
        count = cast(seg.index + 1, f64)
        mu, va = wire(f64), wire(f64)
        mean = s1.next / count
        mu.define(post(mu, init=mean))
        va.define(post(va, init=s2.next / count - mean * mean))
        n = wire(f64)
        n.define(post(n, init=count))
        scale = 1.0 / sqrt(va + 1e-3)
        xh = (x - mu) * scale
        d1, d2 = state(init=0.0, type=f64), state(init=0.0, type=f64)
        d1.next, d2.next = d1 + dy, d2 + dy * xh
        t1, t2 = wire(f64), wire(f64)
        t1.define(post(t1, init=d1.next))
        t2.define(post(t2, init=d2.next))
        dx = (dy - t1 / n - xh * t2 / n) * scale
        gradients = pack(dx)
        return unpack(pack(xh)), unpack(gradients), gradients, when(mu, seg.last), when(va, seg.last), seg.last


@node
def birnn(x: Stream[Vec[L[2], f64]]) -> Stream[f64]:
    """y = wo . f + vo . b, one segment later."""
    with segment(every=N):
        return unpack(pack(_both(x, WH, WX, VH, VX)))


def _both(x: Any, wh: Any, wx: Any, vh: Any, vx: Any) -> Any:
    f = state(init=Z3, type=V3)
    forward = tanh(wh @ f + wx @ x)
    f.next = forward
    b = wire(V3)
    b.define(tanh(vh @ post(b, init=Z3) + vx @ x))
    return forward @ WO + b @ VO


@node
def stacked_birnn(x: Stream[Vec[L[2], f64]]) -> Stream[f64]:
    """Two bidirectional layers, the second on the output of the first and its square."""
    with segment(every=N):
        below = _both(x, WH, WX, VH, VX)
        return unpack(pack(_both(vec(below, below * below), VH, VX, WH, WX)))


@node
def returns(r: Stream[f64], score: Stream[f64], end: Stream[bool]) -> tuple[Stream[f64], Stream[f64], Stream[bool]]:
    """G = r + gamma (G post 0); REINFORCE: the sum of G times the score."""
    with segment(every=end, longest=N) as seg:
        g = wire(f64)
        g.define(r + GAMMA * post(g, init=0.0))
        total = state(init=0.0, type=f64)
        total.next = total + g * score
        return unpack(pack(g)), when(total.next, seg.last), seg.last


@node
def only_returns(r: Stream[f64]) -> Stream[f64]:
    """G alone."""
    with segment(every=N):
        g = wire(f64)
        g.define(r + GAMMA * post(g, init=0.0))
        return unpack(pack(g))


@node
def gae(obs: Stream[Vec[L[2], f64]], r: Stream[f64], boot: Stream[f64]) -> tuple[Stream[f64], Stream[Vec[L[6], f64]]]:
    """d = r + gamma (v post boot) - v;  A = d + gamma lambda (A post 0); the action leaves at once."""
    with segment(every=N):
        hidden = tanh(WX @ obs)
        action = hidden @ WO
        v = hidden @ VO
        d = r + GAMMA * post(v, init=boot) - v
        a = wire(f64)
        a.define(d + GAMMA * LAMBDA * post(a, init=0.0))
        advantages = pack(a)
    return action, advantages


@node
def n_step(r: Stream[f64], v: Stream[f64]) -> Stream[Vec[L[6], f64]]:
    """r + gamma r' + gamma^2 v'' where the segment goes on."""
    with segment(every=N):
        target = r + GAMMA * post(r + GAMMA * post(v, init=0.0), init=0.0)
        return pack(target)


@node
def td_lambda(
    r: Stream[f64], v: Stream[f64], phi: Stream[Vec[L[3], f64]]
) -> tuple[Stream[Vec[L[3], f64]], Stream[Vec[L[3], f64]]]:
    """The forward view, sum A phi, and the backward view, sum d z with z = phi + gamma lambda (0 fby z)."""
    with segment(every=N) as seg:
        d = r + GAMMA * post(v, init=0.0) - v
        a = wire(f64)
        a.define(d + GAMMA * LAMBDA * post(a, init=0.0))
        ahead = state(init=Z3, type=V3)
        ahead.next = ahead + a * phi
        z = state(init=Z3, type=V3)
        z.next = phi + GAMMA * LAMBDA * z
        back = state(init=Z3, type=V3)
        back.next = back + d * z.next
        return when(ahead.next, seg.last), when(back.next, seg.last)


@node
def depth(
    x0: Stream[Vec[L[3], f64]], target: Stream[Vec[L[3], f64]]
) -> tuple[Stream[f64], Stream[Mat[L[3], L[3], f64]]]:
    """Depth as time: o = ip + tanh(W ip), ip = x0 fby o, and the gradient of |o_last - target|^2 / 2."""
    with segment(every=N) as seg:
        o = state(init=x0, type=V3)
        ip = where(seg.first, x0, o)
        u = tanh(WH @ ip)
        o.next = ip + u
        error = o.next - target
        gi = wire(V3)
        go = post(gi, init=error)
        gu = go * (1.0 - u * u)
        gi.define(go + WH.T @ gu)
        acc = wire(M33)
        acc.define(post(acc, init=Z33) + outer(gu, ip))
        return when(0.5 * (error @ error), seg.last), pack(acc)[0]


@node
def hmm(e: Stream[Vec[L[3], f64]]) -> Stream[Mat[L[6], L[3], f64]]:
    """The posterior of the states of a hidden Markov model from the likelihoods e, forward-backward."""
    with segment(every=N) as seg:
        alpha = state(init=Z3, type=V3)
        predicted = where(seg.first, PRIOR, TRANSITION.T @ alpha)
        now = predicted * e
        alpha.next = now / now.sum()
        beta = wire(V3)
        onward = TRANSITION @ post(e * beta, init=np.ones(3))
        beta.define(where(seg.last, np.ones(3), onward / onward.sum()))
        joint = alpha.next * beta
        return pack(joint / joint.sum())


PRIOR = np.array([0.5, 0.3, 0.2])
TRANSITION = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5]])


@node
def viterbi(e: Stream[Vec[L[3], f64]]) -> Stream[Vec[L[6], i32]]:
    """The most likely states: scores forward, the best predecessors read backward."""
    with segment(every=N) as seg:
        score = state(init=Z3, type=V3)
        through = score.reshape(-1, 1) + constant(np.log(TRANSITION))
        best = through.max(axis=0)
        came = _argmax(through)
        score.next = where(seg.first, np.log(PRIOR), best) + log(e)
        path = wire(i32)
        follow = post(came, init=[0, 0, 0])
        final = _argmax(score.next.reshape(-1, 1))[0]
        path.define(where(seg.last, final, follow[post(path, init=0)]))
        return pack(path)


def _argmax(m: Any) -> Any:
    """The first row with the greatest value, for each column of a matrix of three rows."""
    a, b, c = m[0], m[1], m[2]
    return where((a >= b) & (a >= c), 0, where(b >= c, 1, 2))


@node
def zero_phase(x: Stream[f64]) -> Stream[Vec[L[6], f64]]:
    """A first-order filter run forwards and then backwards: no phase."""
    with segment(every=N):
        y = state(init=0.0, type=f64)
        y.next = 0.6 * y + 0.4 * x
        z = wire(f64)
        z.define(0.6 * post(z, init=0.0) + 0.4 * y.next)
        return pack(z)


@node
def running_maximum(x: Stream[f64]) -> Stream[f64]:
    """The greatest value from here to the end, one segment later."""
    with segment(every=N):
        m = wire(f64)
        m.define(maximum(x, post(m, init=-1e300)))
        return unpack(pack(m), init=0.0)


@node
def filter_gradient(x: Stream[f64], y: Stream[f64]) -> tuple[Stream[f64], Stream[f64], Stream[f64]]:
    """u = a u' + b x with u' the value before: the loss sum (u - y)^2 / 2 and its derivatives to a and b."""
    with segment(every=N) as seg:
        u = state(init=0.0, type=f64)
        u.next = 0.7 * u + 0.3 * x
        e = u.next - y
        g = wire(f64)
        g.define(e + 0.7 * post(g, init=0.0))
        da, db, loss = state(init=0.0, type=f64), state(init=0.0, type=f64), state(init=0.0, type=f64)
        da.next, db.next, loss.next = da + g * u, db + g * x, loss + 0.5 * e * e
        return when(loss.next, seg.last), when(da.next, seg.last), when(db.next, seg.last)


@node
def slow_returns(r: Stream[f64], c: Stream[bool]) -> Stream[f64]:
    """The sum of the squares of the returns of the instants at which c is true."""
    with segment(every=N) as seg:
        g = wire(f64)
        g.define(when(r, c) + GAMMA * post(g, init=0.0))
        squares = merge(c, g * g, when(zero_of(r), ~c))
        total = state(init=0.0, type=f64)
        total.next = total + squares
        return when(total.next, seg.last)


def zero_of(x: Any) -> Any:
    return x * 0.0


@node
def delayed(x: Stream[f64]) -> tuple[Stream[Vec[L[6], f64]], Stream[f64]]:
    """A value of the next instant, one of the instant before it, and their sum."""
    with segment(every=N) as seg:
        ahead = post(x, init=0.5)
        again = fby(-1.0, ahead)
        m = wire(f64)
        m.define(again + post(m, init=0.0))
        both = fby(0.0, m) - post(ahead, init=x)
        packed, end = pack(both), when(again, seg.last)
    return packed, end
