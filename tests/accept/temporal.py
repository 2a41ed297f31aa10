"""Every temporal form, in time and in instants, on the base clock and a slower one, in a block that is reset."""

from syncml import (
    Hz,
    Stream,
    always,
    changed,
    ensure,
    f32,
    fell,
    historically,
    implies,
    leads_to,
    ms,
    node,
    once,
    reset_every,
    rose,
    s,
    sample,
    since,
    within,
)


@node(rate=Hz(100))
def temporal(
    p: Stream[bool], q: Stream[bool], x: Stream[f32]
) -> tuple[Stream[bool], Stream[bool], Stream[bool], Stream[bool]]:
    past = once(p) & historically(q) | since(p, q)
    lately = once(p, within=ms(30)) ^ historically(q, within=4) ^ since(p, q, within=s(5))
    slow = sample(p, to=Hz(25))
    answered = leads_to(slow, sample(q, to=Hz(25)), within=ms(120))
    with reset_every(q):
        edges = rose(p) | fell(p) | changed(x)
    ensure(always(implies(edges, edges)), "edges")
    ensure(implies(past, always(past | p | True)), "past")
    ensure(within(p | ~p, 3))
    ensure(implies(lately, within(~lately | lately, ms(50))), "lately")
    return past, lately, answered, edges
