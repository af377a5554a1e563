"""Web pages from the templates of a set: rendered here, with their style and script inside.

A page comes in one round trip. The policy that goes with it allows exactly the style and the script
that the set holds, by hash: what a value might smuggle into the page stays dead text.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from worker.adapters.page_samples import samples
from worker.adapters.templating import TemplateSet
from worker.businesses import Rules
from worker.kernel.errors import PermanentError

_IMAGES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}
_MAX_LOGO_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class WebPage:
    """A finished page and the hashes of what may run and style in it, as CSP names them."""

    html: str
    style_hash: str
    script_hash: str


def render(folder: str, page: str, language: str, context: Mapping[str, object]) -> WebPage:
    """`templates/web/<page>` of a set. `context` holds `business`, whose logo is a path in it."""
    return _press(folder).render(page, language, dict(context))


def try_pages(folder: str, rules: Rules) -> None:
    """Fill in every page of a set with samples; raises PermanentError for the first that fails."""
    for page, context in samples(rules):
        for language in ("en", "de"):
            render(folder, page, language, context)


class _WebPress:
    """The pages of one set. Rendering takes a millisecond, so threads simply take turns."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._templates = TemplateSet(folder)
        self._turn = threading.Lock()
        self._script = self._templates.render("web/page.js", {})
        self._styles: dict[str, str] = {}

    def render(self, page: str, language: str, context: dict[str, Any]) -> WebPage:
        business = dict(context["business"])
        business["logo"] = self._logo(business["logo"])
        with self._turn:
            style = self._style(business["colour"])
            filled = context | {
                "business": business,
                "language": language,
                "style": Markup(style),  # noqa: S704 - of the set, not from outside
                "script": Markup(self._script),  # noqa: S704
            }
            html = self._templates.render(f"web/{page}", filled)
        return WebPage(html, _hash(style), _hash(self._script))

    def _style(self, colour: str) -> str:
        if colour not in self._styles:
            context = {"business": {"colour": colour}}
            self._styles[colour] = self._templates.render("web/style.css", context)
        return self._styles[colour]

    def _logo(self, path: str | None) -> str | None:
        return None if path is None else _data_url(self._folder / path)


@lru_cache(maxsize=16)
def _press(folder: str) -> _WebPress:
    """What was made of one set: each lies in a folder of its own, and that never changes."""
    return _WebPress(folder)


@lru_cache(maxsize=64)
def _data_url(file: Path) -> str:
    """The picture as an address that holds it, so that it travels inside the page."""
    content = file.read_bytes()
    kind = _IMAGES.get(file.suffix.lower())
    if kind is None or len(content) > _MAX_LOGO_BYTES:
        raise PermanentError(
            f"The logo {file.name} must be an SVG, PNG or JPEG of at most "
            f"{_MAX_LOGO_BYTES // 1000} kB: the pay page carries it."
        )
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
