"""DKIM signatures (RFC 6376; Ed25519 by RFC 8463), with relaxed canonical forms throughout."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from worker.kernel.errors import PermanentError

_Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

# RFC 8301: verifiers may treat shorter keys as no signature at all.
_SHORTEST_RSA_BITS = 1024
_LINE_CHARACTERS = 72

_SIGNED = frozenset(
    {
        b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to",
        b"references", b"mime-version", b"content-type", b"content-transfer-encoding",
        b"auto-submitted", b"list-id", b"list-help", b"list-unsubscribe",
        b"list-unsubscribe-post", b"list-subscribe", b"list-post", b"list-owner", b"list-archive",
    }
)  # fmt: skip

# Signed once more than they occur (RFC 6376, 5.4.2), so that nobody can add one in front: each says
# who writes, to whom, about what, or where an answer goes.
_SEALED = (b"from", b"to", b"subject", b"reply-to")

_LINE_END = re.compile(rb"\r\n|\r|\n")
_FOLD = re.compile(rb"\r\n(?=[ \t])")


class DkimSigner:
    """Signs for one domain with one key; give it to any number of threads.

    The time of signing is left out, so the same message always gets the same signature.
    Raises PermanentError for a key it cannot sign with.
    """

    def __init__(self, domain: str, selector: str, private_key_pem: str) -> None:
        self._domain = domain.encode("idna")
        self._selector = selector.encode("idna")
        self._key = _load(private_key_pem)
        is_rsa = isinstance(self._key, rsa.RSAPrivateKey)
        self._algorithm = b"rsa-sha256" if is_rsa else b"ed25519-sha256"

    @property
    def record_name(self) -> str:
        """Where the public key belongs in the DNS."""
        return f"{self._selector.decode()}._domainkey.{self._domain.decode()}"

    @property
    def record_text(self) -> str:
        """What the TXT record there must say."""
        public = self._key.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            encoding, form = (
                serialization.Encoding.DER,
                serialization.PublicFormat.SubjectPublicKeyInfo,
            )
            kind = "rsa"
        else:
            encoding, form = serialization.Encoding.Raw, serialization.PublicFormat.Raw
            kind = "ed25519"
        key = base64.b64encode(public.public_bytes(encoding, form)).decode()
        return f"v=DKIM1; k={kind}; p={key}"

    def sign(self, content: bytes) -> bytes:
        """The message with its signature in front, and its line ends as they will travel."""
        message = _as_it_travels(content)
        head, _, body = message.partition(b"\r\n\r\n")
        fields = list(_fields(head))
        names = _names_to_sign([name for name, _ in fields])
        unsigned = self._unsigned_field(names, body)
        to_sign = _signed_lines(names, fields) + b"dkim-signature:" + _relaxed(unsigned)
        signature = base64.b64encode(self._signature(to_sign))
        return b"DKIM-Signature: " + unsigned + _folded(signature) + b"\r\n" + message

    def _unsigned_field(self, names: list[bytes], body: bytes) -> bytes:
        body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest())
        return b"v=1; a=%s; c=relaxed/relaxed; d=%s;\r\n s=%s;\r\n h=%s;\r\n bh=%s;\r\n b=" % (
            self._algorithm,
            self._domain,
            self._selector,
            _joined(names),
            body_hash,
        )

    def _signature(self, data: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self._key.sign(hashlib.sha256(data).digest())


class NoSigner:
    """For a business without a key: the message as it is."""

    def sign(self, content: bytes) -> bytes:
        """The bytes unchanged."""
        return content


def _load(private_key_pem: str) -> _Key:
    try:
        key = serialization.load_pem_private_key(private_key_pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PermanentError("The DKIM key is no unencrypted private key in PEM.") from error
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _SHORTEST_RSA_BITS:
        raise PermanentError(f"The DKIM key has {key.key_size} bits; make one with 2048.")
    if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise PermanentError("The DKIM key must be RSA or Ed25519.")
    return key


def _as_it_travels(content: bytes) -> bytes:
    """CRLF at the end of each line, the last one too: SMTP knows no other."""
    lines = content.count(b"\r\n")
    is_clean = lines == content.count(b"\n") == content.count(b"\r")
    message = content if is_clean else _LINE_END.sub(b"\r\n", content)
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def _fields(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name in lower case and value in relaxed form, from the top of the mail."""
    for line in _FOLD.sub(b"", head).split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            yield name.rstrip(b" \t").lower(), _relaxed(value)


def _names_to_sign(present: list[bytes]) -> list[bytes]:
    return [name for name in present if name in _SIGNED] + list(_SEALED)


def _signed_lines(names: list[bytes], fields: list[tuple[bytes, bytes]]) -> bytes:
    """The fields in the order of `names`; of fields with one name the lowest first (5.4.2)."""
    left: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        left.setdefault(name, []).append(value)
    lines = [b"%s:%s\r\n" % (name, left[name].pop()) for name in names if left.get(name)]
    return b"".join(lines)


def _relaxed(value: bytes) -> bytes:
    """RFC 6376, 3.4.2: unfolded, blanks made one, none at the ends."""
    return _single_blanks(_FOLD.sub(b"", value)).strip(b" ")


def _relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4: blanks made one and none at line ends, no empty lines at the end."""
    text = _single_blanks(body).replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return text + b"\r\n" if text else b""


def _single_blanks(text: bytes) -> bytes:
    """Runs of blanks and tabs made one blank; ten times as fast as a regular expression here."""
    text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


def _joined(names: list[bytes]) -> bytes:
    """The list of names, in lines of a few."""
    rows = [b":".join(names[start : start + 5]) for start in range(0, len(names), 5)]
    return b":\r\n  ".join(rows)


def _folded(signature: bytes) -> bytes:
    parts = range(0, len(signature), _LINE_CHARACTERS)
    return b"\r\n ".join(signature[start : start + _LINE_CHARACTERS] for start in parts)
