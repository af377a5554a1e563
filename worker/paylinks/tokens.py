"""Tokens of pay links: HMAC(versioned key, link id), cut to 160 bits.

The URL can be made again from the row and the key; the database holds only the token's hash, so a
copy of it opens nothing. An old key version stays readable until its links have ended.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from worker.kernel.errors import PermanentError

_TOKEN_BYTES = 20


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """The secrets by version; the highest version makes new links."""

    secrets: Mapping[int, bytes]

    @property
    def newest(self) -> int:
        """The version that new links are made with."""
        return max(self.secrets)

    def token(self, link_id: str, version: int) -> str:
        """The secret part of the URL: 32 letters and digits, lower case."""
        secret = self.secrets.get(version)
        if secret is None:
            raise PermanentError(f"Link key version {version} is not configured any more.")
        return _signature(secret, "paylink", link_id)

    def digits(self, purpose: str, text: str, version: int) -> str:
        """Six digits that people type: made again from the same text, and kept nowhere."""
        secret = self.secrets.get(version)
        if secret is None:
            raise PermanentError(f"Link key version {version} is not configured any more.")
        mac = hmac.new(secret, f"{purpose}:{text}".encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(mac[:16]) % 1_000_000:06}"

    def sign(self, purpose: str, text: str) -> str:
        """A signature that our own pages carry, good for one purpose only."""
        return _signature(self.secrets[self.newest], purpose, text)

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Whether one of our keys made this signature."""
        given = signature.encode("utf-8", "replace")
        made = (_signature(secret, purpose, text) for secret in self.secrets.values())
        return any(hmac.compare_digest(one.encode(), given) for one in made)


def hash_of(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _signature(secret: bytes, purpose: str, text: str) -> str:
    mac = hmac.new(secret, f"{purpose}:{text}".encode(), hashlib.sha256).digest()
    return base64.b32encode(mac[:_TOKEN_BYTES]).decode("ascii").lower()
