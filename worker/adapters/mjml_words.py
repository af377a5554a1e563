"""Emails from templates: subject, MJML and plain text of one notice (runs in a press child only).

mrml, the compiler behind `mjml`, drops a tag it does not know without a word and stops at a bare
`<`. So every MJML file is looked over when first used, and a fault names its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mjml

from worker.adapters.templating import TemplateFault, TemplateSet, nearest

_TAG_NAMES = (
    "mjml mj-head mj-body mj-attributes mj-all mj-class mj-breakpoint mj-font mj-preview mj-style"
    " mj-title mj-accordion mj-accordion-element mj-accordion-text mj-accordion-title mj-button"
    " mj-carousel mj-carousel-image mj-column mj-divider mj-group mj-hero mj-image mj-navbar"
    " mj-navbar-link mj-raw mj-section mj-social mj-social-element mj-spacer mj-table mj-text"
    " mj-wrapper"
)
_TAGS = frozenset(_TAG_NAMES.split())
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"</?(mj-?[a-z-]*)", re.IGNORECASE)
_BARE = re.compile(r"<(?![a-zA-Z/!])")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_SUBJECT_CHARACTERS = 250


class WordsPress:
    """The emails of one template set."""

    def __init__(self, templates: TemplateSet) -> None:
        self._templates = templates
        self._looked_over: set[Path] = set()

    def compose(self, notice: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
        """Subject, HTML and text of a notice; TemplateFault when a template is at fault."""
        self._look_over(notice)
        folder = f"email/{notice}"
        subject = self._subject(f"{folder}/subject.txt", context)
        body = self._templates.render(f"{folder}/body.mjml", context)
        text = self._templates.render(f"{folder}/body.txt", context).strip() + "\n"
        return subject, self._html(f"{folder}/body.mjml", body), text

    def _subject(self, name: str, context: Mapping[str, Any]) -> str:
        # Line breaks of the file's own are layout; those in a value would be a forged header.
        subject = " ".join(self._templates.render(name, context).split())
        if not subject or len(subject) > _MAX_SUBJECT_CHARACTERS or _UNPRINTABLE.search(subject):
            raise TemplateFault(name, None, "The subject is empty, too long or unprintable.")
        return subject

    def _html(self, name: str, body: str) -> str:
        try:
            html: str = mjml.mjml2html(body, disable_comments=True)
        except ValueError as error:
            raise TemplateFault(name, None, f"MJML: {error}.", "Is every tag closed?") from error
        return html

    def _look_over(self, notice: str) -> None:
        email = self._templates.folder / "email"
        for path in [*sorted(email.glob("*.mjml")), *sorted((email / notice).glob("*.mjml"))]:
            if path not in self._looked_over:
                for fault in lint(str(path.relative_to(self._templates.folder)), path.read_text()):
                    raise fault
                self._looked_over.add(path)


def lint(name: str, source: str) -> Iterator[TemplateFault]:
    """What mrml would drop or stumble over, with its line."""
    # Blanked, not removed: the lines keep their numbers.
    source = _JINJA.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)
    for tag in _TAG.finditer(source):
        if tag[1].lower() not in _TAGS:
            line = source.count("\n", 0, tag.start()) + 1
            hint = nearest(tag[1], _TAGS)
            yield TemplateFault(name, line, f"There is no MJML tag <{tag[1]}>.", hint)
    for bare in _BARE.finditer(source):
        line = source.count("\n", 0, bare.start()) + 1
        yield TemplateFault(name, line, "A bare '<' stops the mail.", "Write &lt; instead.")
