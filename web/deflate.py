"""permessage-deflate, shared: a frame is compressed once, with a fresh window, for everybody who can read it.

RFC 7692 lets a client decode messages that were compressed without context takeover whatever else was
agreed, and lets single messages stay uncompressed. So the server agrees to compression, never lets a library
compress per client, and sends the same compressed bytes to all. What a client compresses is inflated
within a bound: 64 kB of it could otherwise become 64 MB.
"""

from __future__ import annotations

import zlib

from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, RsvBits

LEVEL = 6
WINDOW_BITS = 15
TAIL = b"\x00\x00\xff\xff"
FINAL_TEXT_COMPRESSED = 0x80 | 0x40 | 0x01


def deflated_frame(payload: bytes) -> bytes:
    """`payload` as one compressed text frame, ready for any number of clients that agreed to deflate."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW_BITS)
    body = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    body = body.removesuffix(TAIL)
    size = len(body)
    if size < 126:
        return bytes((FINAL_TEXT_COMPRESSED, size)) + body
    if size < 65_536:
        return bytes((FINAL_TEXT_COMPRESSED, 126)) + size.to_bytes(2) + body
    return bytes((FINAL_TEXT_COMPRESSED, 127)) + size.to_bytes(8) + body


class SharedDeflate(PerMessageDeflate):
    """Agrees to compression without context takeover, and leaves compressing to `deflated_frame`."""

    INFLATED_BYTES_MAX = 64 * 1024

    def __init__(self) -> None:
        super().__init__(client_no_context_takeover=True, server_no_context_takeover=True)
        self._inflated = 0

    def accept(self, offer: str) -> bool | str | None:
        """Our terms; `None` refuses. A client that wants a smaller window cannot read the shared frames."""
        wanted = [part.strip() for part in offer.split(";")[1:]]
        for each in wanted:
            name, _, value = each.partition("=")
            if name.strip() == "server_max_window_bits" and value.strip('" ') != str(WINDOW_BITS):
                return None
        try:
            return super().accept(offer)
        except ValueError:
            return None

    def frame_inbound_header(
        self, proto: FrameDecoder | FrameProtocol, opcode: Opcode, rsv: RsvBits, payload_length: int
    ) -> CloseReason | RsvBits:
        """A frame of a client begins. wsproto would take a ping between two fragments for a message's end."""
        compressed = self._inbound_compressed
        allowed = super().frame_inbound_header(proto, opcode, rsv, payload_length)
        if opcode.iscontrol():
            self._inbound_compressed = compressed
        return allowed

    def frame_inbound_payload_data(
        self, proto: FrameDecoder | FrameProtocol, data: bytes
    ) -> bytes | CloseReason:
        """Inflate what a client sent, up to the size of the largest message."""
        if not self._inbound_compressed or not self._inbound_is_compressible or self._decompressor is None:
            return data
        try:
            inflated = self._decompressor.decompress(
                bytes(data), self.INFLATED_BYTES_MAX - self._inflated + 1
            )
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        self._inflated += len(inflated)
        if self._inflated > self.INFLATED_BYTES_MAX or self._decompressor.unconsumed_tail:
            return CloseReason.MESSAGE_TOO_BIG
        return inflated

    def frame_inbound_complete(
        self, proto: FrameDecoder | FrameProtocol, fin: bool
    ) -> bytes | CloseReason | None:
        """A frame of a client is complete; with the last one of a message its count begins anew."""
        if not self._inbound_is_compressible:
            return None  # a ping between two fragments: the message goes on
        if fin:
            self._inflated = 0
        return super().frame_inbound_complete(proto, fin)

    def frame_outbound(
        self, proto: FrameDecoder | FrameProtocol, opcode: Opcode, rsv: RsvBits, data: bytes, fin: bool
    ) -> tuple[RsvBits, bytes]:
        """What goes out through the library stays as it is."""
        return rsv, data
