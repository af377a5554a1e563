"""The tree of a business: what is shipped, its own on top, and a logo that mails can show."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.adapters.disk_templates import collect, write_out
from worker.kernel.errors import PermanentError


def test_a_business_overrides_any_file(tmp_path: Path) -> None:
    for root, content in (("shipped", b"ours"), ("own", b"theirs")):
        (tmp_path / root / "web").mkdir(parents=True)
        (tmp_path / root / "web" / "style.css").write_bytes(content)
    (tmp_path / "shipped" / "web" / "pay.html").write_bytes(b"page")
    files = collect(tmp_path / "shipped", tmp_path / "own", None)
    assert files == {"web/style.css": b"theirs", "web/pay.html": b"page"}


def test_a_drawn_logo_brings_its_picture_along(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(b"<svg/>")
    with pytest.raises(PermanentError, match=r"logo\.png cannot be read"):
        collect(tmp_path / "none", None, tmp_path / "logo.svg")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    files = collect(tmp_path / "none", None, tmp_path / "logo.svg")
    assert files == {"assets/logo.svg": b"<svg/>", "assets/logo.png": b"\x89PNG"}


def test_a_set_is_written_out_whole_and_once(tmp_path: Path) -> None:
    folder = tmp_path / "sets" / "abc"
    write_out({"web/a.html": b"1"}, folder)
    write_out({"web/a.html": b"2"}, folder)
    assert (folder / "web" / "a.html").read_bytes() == b"1"
    assert [path.name for path in folder.parent.iterdir()] == ["abc"]
