"""Templates on disk: the tree as it lies there, and published sets written out for the children."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from worker.kernel.errors import PermanentError

_MAX_FILE_BYTES = 5_000_000
_SKIPPED = {".py", ".pyc", ".md"}


def collect(shipped: Path, own: Path | None, logo: Path | None) -> dict[str, bytes]:
    """The files of one business's set by path: what is shipped, its own on top, and its logo."""
    files = _tree(shipped)
    if own is not None and own.is_dir():
        files |= _tree(own)
    for file in {logo, logo.with_suffix(".png")} if logo is not None else ():
        files[f"assets/{file.name}"] = _logo(file)
    return files


def write_out(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a set to `folder`, whole or not at all; nothing happens when it is there."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".set-", dir=folder.parent))
    for name, content in files.items():
        target = draft / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    try:
        os.rename(draft, folder)
    except OSError:
        # Another process wrote the same set first.
        if not folder.is_dir():
            raise


def _logo(file: Path) -> bytes:
    """A logo's bytes. Beside one that is no PNG lies the same as a PNG: mails show nothing else."""
    try:
        return file.read_bytes()
    except OSError as e:
        raise PermanentError(
            f"The logo {file.name} cannot be read: put it beside the business's file. Mails "
            "cannot show an SVG, so a logo also needs a PNG of the same name."
        ) from e


def _tree(root: Path) -> dict[str, bytes]:
    files = {}
    for path in sorted(root.rglob("*")):
        wanted = path.is_file() and path.suffix not in _SKIPPED and not path.name.startswith(".")
        if wanted and path.stat().st_size <= _MAX_FILE_BYTES:
            files[path.relative_to(root).as_posix()] = path.read_bytes()
    return files
