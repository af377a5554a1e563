"""What documents needs from outside: a press that turns templates into PDF bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file embedded in a PDF. `relationship` is PDF/A-3's: Data, Source, Alternative."""

    name: str
    media_type: str
    content: bytes
    relationship: str = "Data"
    description: str = ""


@dataclass(frozen=True, slots=True)
class PrintOrder:
    """One PDF to make.

    `template` is a folder under `templates/pdf/`; `context` is plain JSON. `template_dir` is the
    published set on this host and `set_hash` its name. With `behind`, the printed pages go in
    front of a copy of that PDF's pages. `must_show` are texts that the finished PDF has to carry
    in its text layer, and `must_link` an address that one of its link annotations must open:
    the press reads the bytes back before it answers.
    """

    template: str
    template_dir: str
    set_hash: str
    context: dict[str, Any]
    qr_text: str | None = None
    behind: bytes | None = None
    attachments: tuple[Attachment, ...] = ()
    xmp: bytes | None = None
    must_show: tuple[str, ...] = ()
    must_link: str | None = None


@dataclass(frozen=True, slots=True)
class Printed:
    """The finished PDF. `missing` lists the `must_show` texts and link that it does not carry."""

    pdf: bytes
    pages: int
    missing: tuple[str, ...] = field(default=())


class Press(Protocol):
    """Renders in child processes with limits and no network.

    Raises PermanentError with file, line and a suggestion when the template is at fault or the
    input kills the child, TransientError when no child could be had. Calling it again gives a
    document that says the same.
    """

    def print_pdf(self, order: PrintOrder) -> Printed:
        """The PDF of an order."""
        ...
