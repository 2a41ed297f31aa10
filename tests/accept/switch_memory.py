"""Each block counts for itself; `pre` is of the block, `last` of the variable that all share."""

import enum

from syncml import Stream, i32, last, node, pre, state, switch


class Coin(enum.Enum):
    HEADS = 0
    TAILS = 1
    EDGE = 2


@node
def main(coin: Stream[Coin], stake: Stream[i32]) -> tuple[Stream[i32], Stream[i32]]:
    thrown = switch(coin)
    money = thrown.shared(i32, init=100)
    times = thrown.shared(i32)
    with thrown(Coin.HEADS):
        n = state(init=1)
        n.next = n + 1
        times.define(n)
        money.define(last(money) + stake)
    with thrown(Coin.TAILS):
        k = state(init=1)
        k.next = k + 1
        times.define(k)
        money.define(last(money) - pre(stake, init=0))
    with thrown(Coin.EDGE):
        times.define(0)
    return money, times
