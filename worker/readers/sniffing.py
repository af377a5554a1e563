"""What bytes are, by their own beginning: declared types and file names are claims."""

from __future__ import annotations

import re
import unicodedata

NAME_MAX_CHARACTERS = 120

_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x1f\x8b", "application/gzip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
    (b"x\x9f>\x22", "application/ms-tnef"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
)
# The object identifiers of PKCS #7 (RFC 5652): 1.2.840.113549.1.7.2 and .3.
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")
_OFFICE = (
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
)
_XML = re.compile(rb"\A\s*<(?:\?xml\b|[A-Za-z_][\w.-]*:[A-Za-z_]|[A-Za-z_][\w.-]*\s+xmlns)")
_HTML = re.compile(
    rb"\A\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|table|div|p)\b", re.IGNORECASE
)

# What no reader opens; a person is told why.
UNREADABLE = {
    "application/ms-tnef": "It is a winmail.dat: Outlook's own format. Send it as plain or HTML.",
    "application/pkcs7-enveloped": "It is encrypted; only its receiver's key can open it.",
    "application/x-msdownload": "It is a program, which is never opened.",
    "application/x-executable": "It is a program, which is never opened.",
}


def media_type(data: bytes, declared: str) -> str:
    """The type that the bytes show, else the declared one."""
    head = data[:1024]
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if b"%PDF-" in head:
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip_type(data)
    if head[:1] == b"\x30" and _ENVELOPED_DATA in head[:64]:
        return "application/pkcs7-enveloped"
    if head[:1] == b"\x30" and _SIGNED_DATA in head[:64]:
        return "application/pkcs7-mime"
    return _text_type(head, declared)


def _zip_type(data: bytes) -> str:
    for marker, found in _OFFICE:
        if marker in data[:4096] or marker in data[-8192:]:
            return found
    return "application/zip"


def _text_type(head: bytes, declared: str) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\x00", b"")[2:]
    head = head.removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(head):
        return "text/html"
    if _XML.match(head):
        is_xml = declared.endswith(("/xml", "+xml"))
        return declared if is_xml else "application/xml"
    if declared == "application/pdf":
        # It says PDF and is none: whatever it is, it is not to be read as one.
        return "application/octet-stream"
    return declared


_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def display_name(name: str) -> str | None:
    """A file name fit to be shown: never a path, no control or direction characters, bounded.

    A right-to-left override shows `invoice_fdp.exe` as `invoice_exe.pdf`; without it the name
    shows what it is.
    """
    name = re.split(r"[/\\]", name.replace("\x00", ""))[-1]
    kept = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    kept = " ".join(kept.split()).strip(". ")
    if _RESERVED.fullmatch(kept):
        kept = f"_{kept}"
    if len(kept) > NAME_MAX_CHARACTERS:
        stem, dot, ending = kept.rpartition(".")
        ending = dot + ending[:10] if dot else ""
        kept = (stem or kept)[: NAME_MAX_CHARACTERS - len(ending) - 1] + "…" + ending
    return kept or None
