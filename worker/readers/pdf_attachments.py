"""The files embedded in a PDF, known by their content.

Writers put them where the standards say (name tree, `AF` arrays) and where they do not (an
annotation on a page), under every name there is; so every place is looked at and no name is asked.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pikepdf

# What qpdf mends it tells its logger; the person is told what could not be read.
logging.getLogger("pikepdf").setLevel(logging.CRITICAL)
logging.getLogger("pikepdf._core").setLevel(logging.CRITICAL)

MAX_ATTACHMENTS = 100
_MAX_BYTES = 32 * 1024 * 1024


# A damaged structure shows as any of these, wherever a reader first steps on it.
_DAMAGE = (
    pikepdf.PdfError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RuntimeError,
)


class UnreadablePdf(ValueError):
    """The bytes are no PDF that can be opened; the message says why in words for a person."""


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file inside a PDF. The name and the relationship are the PDF's claims."""

    name: str
    data: bytes
    relationship: str | None = None


@dataclass(frozen=True, slots=True)
class PdfData:
    """What a PDF carries besides its pages."""

    files: tuple[EmbeddedFile, ...]
    xmp: bytes | None
    is_signed: bool
    has_script: bool


def read(data: bytes) -> PdfData:
    """The embedded files, the metadata and whether the PDF is signed."""
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            return PdfData(tuple(_files(pdf)), _metadata(pdf), _is_signed(pdf), _has_script(pdf))
    except pikepdf.PasswordError as error:
        raise UnreadablePdf("the PDF is protected by a password") from error
    except _DAMAGE as error:
        raise UnreadablePdf(f"the PDF is damaged: {str(error)[:200]}") from error


def _files(pdf: pikepdf.Pdf) -> Iterator[EmbeddedFile]:
    seen: set[tuple[int, int]] = set()
    for count, spec in enumerate(_specifications(pdf)):
        if count >= MAX_ATTACHMENTS:
            return
        stream = _stream(spec)
        if stream is None or (stream.objgen in seen and stream.objgen != (0, 0)):
            continue
        seen.add(stream.objgen)
        try:
            content = stream.read_bytes()
        except pikepdf.PdfError:
            continue
        if len(content) <= _MAX_BYTES:
            relationship = spec.get("/AFRelationship")
            yield EmbeddedFile(
                name=str(spec.get("/UF") or spec.get("/F") or ""),
                data=content,
                relationship=str(relationship).removeprefix("/") if relationship else None,
            )


def _specifications(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    names = pdf.Root.get("/Names")
    tree = names.get("/EmbeddedFiles") if isinstance(names, pikepdf.Dictionary) else None
    if tree is not None:
        for spec in pikepdf.NameTree(tree).values():
            yield from _dictionary(spec)
    yield from _associated(pdf.Root)
    for page in pdf.pages[:MAX_ATTACHMENTS]:
        yield from _associated(page.obj)
        annotations = page.obj.get("/Annots")
        if isinstance(annotations, pikepdf.Array):
            for annotation in annotations:
                if isinstance(annotation, pikepdf.Dictionary):
                    yield from _dictionary(annotation.get("/FS"))


def _associated(holder: pikepdf.Object) -> Iterator[pikepdf.Object]:
    files = holder.get("/AF")
    if isinstance(files, pikepdf.Array):
        for spec in files:
            yield from _dictionary(spec)
    else:
        yield from _dictionary(files)


def _dictionary(value: object) -> Iterator[pikepdf.Object]:
    if isinstance(value, pikepdf.Dictionary):
        yield value


def _stream(spec: pikepdf.Object) -> pikepdf.Object | None:
    embedded = spec.get("/EF")
    if not isinstance(embedded, pikepdf.Dictionary):
        return None
    stream = embedded.get("/UF") or embedded.get("/F")
    return stream if isinstance(stream, pikepdf.Stream) else None


def _metadata(pdf: pikepdf.Pdf) -> bytes | None:
    stream = pdf.Root.get("/Metadata")
    if not isinstance(stream, pikepdf.Stream):
        return None
    try:
        return stream.read_bytes()[:1_000_000]
    except pikepdf.PdfError:
        return None


def _is_signed(pdf: pikepdf.Pdf) -> bool:
    form = pdf.Root.get("/AcroForm")
    flags = form.get("/SigFlags") if isinstance(form, pikepdf.Dictionary) else None
    return bool(int(flags) & 1) if flags is not None else False


def _has_script(pdf: pikepdf.Pdf) -> bool:
    """Whether the PDF asks its viewer to run or start something when it is opened."""
    names = pdf.Root.get("/Names")
    if isinstance(names, pikepdf.Dictionary) and "/JavaScript" in names:
        return True
    action = pdf.Root.get("/OpenAction")
    kind = action.get("/S") if isinstance(action, pikepdf.Dictionary) else None
    return str(kind) in ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData")
