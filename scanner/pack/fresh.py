"""What of a content does not stand in the one that it was made from.

Most versions of a file differ little from another. Where nothing was found in that one, only what is new here has to be
looked at, and the seams: a literal that stands in neither, nor across a seam, stands nowhere.
Source: git's Documentation/gitformat-pack, «Deltified representation».
"""

from __future__ import annotations

_WORTH = 24  # times: where a content is not so much longer than its delta, it is as quick to look at all of it
_LEAST = 4096  # bytes: a shorter one is looked at before it is known what is new
_ARGUMENTS = bytes((op & 15).bit_count() for op in range(256))  # bytes of the offset that an instruction to copy has
_MOST = 65536  # bytes: what a copy without a size copies


def fresh(delta: bytes, at: int, content: bytes, reach: int) -> bytes:
    """Every part of `content` in which a literal of up to `reach` + 1 bytes can stand that its base does not hold, one
    after the other; `content` itself where that is not much less. `delta` made it, whose instructions begin `at`;
    IndexError where it is torn. This is done for hundreds of thousands: calls are what takes long."""
    if len(delta) * _WORTH + _LEAST > len(content):
        return content
    parts: list[bytes] = []
    end = len(delta)
    made = begin = size = 0  # bytes that are made; where the part begins that is not over; bytes copied by the last one
    while at < end:
        op = delta[at]
        if op < 128:
            at += 1 + op
            made += op
            size = 0
            continue
        at += 1 + _ARGUMENTS[op]
        form = op & 0x70
        if form == 0x10:
            size = delta[at]
            at += 1
        elif form == 0x30:
            size = delta[at] | delta[at + 1] << 8
            at += 2
        else:
            size, at = _sized(delta, at, form)
        if size > 2 * reach:
            parts.append(content[begin : made and made + reach])
            begin = made + size - reach
        made += size
    if size <= 2 * reach:
        parts.append(content[begin:])
    return b"".join(parts) if made == len(content) else content


def _sized(delta: bytes, at: int, form: int) -> tuple[int, int]:
    """How many bytes an instruction copies, and where the next one begins."""
    size = 0
    for place in range(3):
        if form & 0x10 << place:
            size |= delta[at] << 8 * place
            at += 1
    return size or _MOST, at
