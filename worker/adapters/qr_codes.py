"""QR codes as small pictures, for documents and emails."""

from __future__ import annotations

import struct
import zlib

import segno

_POINTS = (b"\xff" * 4, b"\0" * 4)
# How a row is filtered (PNG, section 9.2): as it is, or as the difference to the row above.
_AS_IS, _AS_ABOVE = b"\0", b"\2"


def qr_png(text: str) -> bytes:
    """A QR code as a PNG in grey, four points a module, without a margin.

    Error level M and UTF-8, as codes for bank transfers must have (EPC069-12). The mask is fixed,
    since choosing the best of eight takes longer than drawing; four points, since some viewers blur
    a picture of one; grey, since what embeds pictures in PDFs would make colours of one bit.
    """
    code = segno.make(text, error="m", micro=False, boost_error=False, mask=4, encoding="utf-8")
    side = 4 * len(code.matrix)
    rows = bytearray()
    for modules in code.matrix:
        rows += _AS_IS + b"".join(_POINTS[module] for module in modules)
        rows += (_AS_ABOVE + bytes(side)) * 3
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
