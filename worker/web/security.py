"""What every answer carries so that a browser does no more with it than we mean.

Nothing in here, and no link anywhere, is built from the Host header: addresses come from settings.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.businesses import Rules
from worker.settings import Settings

_HSTS = "max-age=31536000; includeSubDomains"
_ALWAYS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
# For an answer that is no page of ours: it may load nothing and be framed by nobody.
_BARE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def page_policy(style_hash: str, script_hash: str, *, checkout: str | None) -> str:
    """The content security policy of a page: its own style and script, and nobody else's anything.

    Browsers apply `form-action` to where a form's answer redirects too, hence `checkout`, the
    origin of the gateway's pages.
    """
    targets = "'self'" if checkout is None else f"'self' {checkout}"
    return (
        f"default-src 'none'; style-src {style_hash}; script-src {script_hash}; "
        "img-src 'self' data:; "
        f"connect-src 'self'; form-action {targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def checkout_origin(settings: Settings, rules: Rules) -> str:
    """Where a business's hosted payment pages live: at Stripe, its own domain, or the sandbox."""
    if not settings.gateway.base_url:
        return f"https://{rules.stripe.checkout_domain}"
    parts = urlsplit(settings.gateway.base_url)
    return f"{parts.scheme}://{parts.netloc}"


def is_https(settings: Settings) -> bool:
    """Whether customers reach us encrypted, as the settings say."""
    return urlsplit(settings.web.public_url).scheme == "https"


def crosses_sites(fetch_site: str | None) -> bool:
    """Whether a browser says that another site sent this form (Fetch Metadata)."""
    return fetch_site not in (None, "same-origin", "none")


class SecureAnswers:
    """Adds the headers that every answer has, errors included."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = _ALWAYS | ({"Strict-Transport-Security": _HSTS} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", _BARE_POLICY)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
