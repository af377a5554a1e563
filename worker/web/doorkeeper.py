"""What each address asks for, kept in memory for a short while: guessed tokens, bursts of links.

Nothing here is stored or leaves the process, and the memory is bounded. With several web processes
each keeps its own count, which is enough: a token has 160 bits.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

log = logging.getLogger(__name__)

GUESSES_A_MINUTE = 10
BURST_S = 10.0
_MINUTE_S = 60.0
_TOUCHES_KEPT = 32

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class _Seen:
    """One address: when it last guessed, and which links it touched when."""

    guesses: deque[float] = field(default_factory=lambda: deque(maxlen=GUESSES_A_MINUTE))
    touches: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_TOUCHES_KEPT))


class Doorkeeper:
    """Stands before every address that holds a token.

    `refuse` gives the answer to a token that is not ours; who guessed too often gets the same,
    whatever the token.
    """

    def __init__(
        self,
        refuse: Callable[[Request], Response],
        clock: Callable[[], float] = time.monotonic,
        *,
        remembered: int = 10_000,
    ) -> None:
        self._refuse = refuse
        self._clock = clock
        self._remembered = remembered
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._seen)

    def guard(self, handler: Handler) -> Handler:
        """The handler, behind the door."""

        async def guarded(request: Request) -> Response:
            address = address_of(request)
            if self._is_shut(address):
                return self._refuse(request)
            token = str(request.path_params.get("token", ""))
            request.state.links_touched = self._touched(address, token)
            response = await handler(request)
            if response.status_code == 404:
                self._guessed(address)
            return response

        return guarded

    def _is_shut(self, address: str) -> bool:
        with self._lock:
            seen = self._seen.get(address)
            if seen is None or len(seen.guesses) < GUESSES_A_MINUTE:
                return False
            return self._clock() - seen.guesses[0] < _MINUTE_S

    def _guessed(self, address: str) -> None:
        with self._lock:
            seen = self._of(address)
            seen.guesses.append(self._clock())
            is_shut = len(seen.guesses) == GUESSES_A_MINUTE
        if is_shut:
            log.warning(
                "%s asked for %d links that are not ours within a minute. If that is your own "
                "proxy, name it in web.proxies.",
                address,
                GUESSES_A_MINUTE,
            )

    def _touched(self, address: str, token: str) -> int:
        """How many different links this address asked for within seconds, this one included."""
        now = self._clock()
        with self._lock:
            touches = self._of(address).touches
            # A number in place of the token: a secret is not kept longer than it is needed.
            touches.append((now, hash(token)))
            return len({link for at, link in touches if now - at < BURST_S})

    def _of(self, address: str) -> _Seen:
        seen = self._seen.setdefault(address, _Seen())
        self._seen.move_to_end(address)
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return seen


def address_of(request: Request) -> str:
    """Who asks. Of IPv6 the network: one customer has 2^64 addresses."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        # So a socket for both writes IPv4; all of it stands in one network of IPv6.
        return str(address.ipv4_mapped)
    if address.version == 4:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False))
