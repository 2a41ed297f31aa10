"""Shifts, masks and a checksum over bits; a shift by a stream."""

from syncml import Stream, cast, i32, node, state, u8, u32, where


@node
def checksum(byte: Stream[u8]) -> Stream[u8]:
    crc = state(init=255, type=u8)
    value = crc ^ byte
    for _ in range(8):
        value = where((value & 128) != 0, (value << 1) ^ 0x1D, value << 1)
    crc.next = value
    return value


@node
def main(word: Stream[u32], n: Stream[i32]) -> tuple[Stream[u8], Stream[u32], Stream[i32]]:
    low = cast(word & 255, u8)
    rotated = (word << 7) | (word >> 25)
    return checksum(low), ~rotated, (n >> (n & 7)) - (n << (n & 15))
