"""QR codes as small pictures, for documents and emails."""

from __future__ import annotations

import struct
import zlib

import segno


def qr_png(text: str) -> bytes:
    """A QR code as a PNG of one bit a point, four points a module, without a margin.

    Error level M and UTF-8, as codes for bank transfers must have (EPC069-12). The mask is fixed,
    since choosing the best of eight takes longer than drawing; four points, since some viewers blur
    a picture of one.
    """
    code = segno.make(text, error="m", micro=False, boost_error=False, mask=4, encoding="utf-8")
    side = 4 * len(code.matrix)
    padding = "1" * (-side % 8)
    rows = bytearray()
    for modules in code.matrix:
        bits = "".join("0000" if module else "1111" for module in modules) + padding
        row = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
        rows += row * 4
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
