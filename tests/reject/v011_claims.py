"""Claims about the future where a value is needed now."""

from syncml import Hz, Stream, always, cover, ensure, ms, node, once, within


@node(rate=Hz(100))
def main(p: Stream[bool], q: Stream[bool]) -> Stream[bool]:
    ensure(~p | always(q), "or")  # error: [V011]
    ensure(once(always(q)), "past")  # error: [V011]
    cover(within(q, ms(30)), "goal")  # error: [V011]
    ensure(always(within(q, 3)), "nested")  # error: [V011]
    ensure(~always(q), "not")  # error: [V011]
    return p
