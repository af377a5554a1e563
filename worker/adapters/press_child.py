"""The trade of a press child: orders for PDFs and emails. Runs in the zygote's children.

The zygote imports and compiles; each child then prints two documents before its first order, so
that fonts, style sheets and pictures are in place. Fonts cannot be built before the fork: Pango
keeps a thread for fontconfig, and its locks would be copied without it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from worker.adapters import pikepdf_pages
from worker.adapters.mjml_words import WordsPress, lint
from worker.adapters.templating import TemplateFault, TemplateSet
from worker.adapters.weasyprint_printer import Printer, embedded
from worker.adapters.zygote_frames import Frame
from worker.kernel.errors import PermanentError

_ROOMS = ("email", "pdf", "web")


@dataclass(frozen=True, slots=True)
class _Press:
    templates: TemplateSet
    printer: Printer
    words: WordsPress


@lru_cache(maxsize=4)
def _templates(folder: str, set_hash: str) -> TemplateSet:
    """A published set, compiled once: its content never changes under its hash."""
    del set_hash
    return TemplateSet(folder)


@lru_cache(maxsize=4)
def _press(folder: str, set_hash: str) -> _Press:
    """All that is made of one published set."""
    templates = _templates(folder, set_hash)
    return _Press(templates, Printer(folder), WordsPress(templates))


def warm(facts: dict[str, Any]) -> None:
    """Compile the templates and load the locales of the samples; no fonts, no threads."""
    for order in facts.get("samples", []):
        with suppress(PermanentError):  # Whoever prints with this set will be told of its fault.
            templates = _templates(str(order["template_dir"]), str(order["set_hash"]))
            templates.render(f"pdf/{order['template']}/page.html", order["context"])


def begin(facts: dict[str, Any]) -> None:
    """Print each sample twice: the first time fills the caches, the second those it made."""
    # A page makes and drops some hundred thousand objects; looking through them at every seven
    # hundredth, Python's default, takes a twentieth of the time.
    gc.set_threshold(50_000, 20, 20)
    for order in facts.get("samples", []) * 2:
        with suppress(PermanentError):
            answer(Frame(order))


def answer(request: Frame) -> Frame:
    """`print` gives a PDF; `compose` the three texts of an email; `check` a list of faults."""
    order = request.head
    press = _press(str(order["template_dir"]), str(order["set_hash"]))
    if order["op"] == "check":
        return Frame({"faults": [str(fault) for fault in _check(press)]})
    if order["op"] == "compose":
        subject, html, text = press.words.compose(str(order["template"]), order["context"])
        return Frame({"subject": subject}, (html.encode("utf-8"), text.encode("utf-8")))
    return _print(press, order, list(request.blobs))


def _check(press: _Press) -> Iterator[TemplateFault]:
    """Every template that cannot be compiled or that the email compiler would not understand."""
    folder = press.templates.folder
    for path in sorted(path for room in _ROOMS for path in (folder / room).rglob("*.*")):
        if path.suffix not in (".html", ".mjml", ".txt") or "fonts" in path.parts:
            continue
        name = path.relative_to(folder).as_posix()
        try:
            press.templates.check(name)
        except TemplateFault as fault:
            yield fault
        if path.suffix == ".mjml":
            yield from lint(name, path.read_text("utf-8"))


def _print(press: _Press, order: dict[str, Any], blobs: list[bytes]) -> Frame:
    """Blobs: the seller's PDF and the XMP where the order says so, then the files to embed."""
    behind = blobs.pop(0) if order.get("has_behind") else None
    xmp = blobs.pop(0) if order.get("has_xmp") else None
    files = [
        embedded(each["name"], content, each["relationship"], each["description"])
        for each, content in zip(order.get("attachments", []), blobs, strict=True)
    ]
    template = str(order["template"])
    html = press.templates.render(f"pdf/{template}/page.html", order["context"])
    pdf = press.printer.print(
        template, html, qr_text=order.get("qr_text"), attachments=files, xmp=xmp
    )
    if behind is not None:
        pdf = pikepdf_pages.put_behind(pdf, behind)
    pages, missing = pikepdf_pages.read_back(
        pdf, must_show=order.get("must_show", []), must_link=order.get("must_link")
    )
    return Frame({"pages": pages, "missing": missing}, (pdf,))
