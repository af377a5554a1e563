"""A real headless Chromium for tests, driven by Playwright."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.servers.processes import find_program

# No request of its own leaves the browser: no update, no sync, no first-run page.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A browser with a profile of its own; open a context in it for each test."""
    program = find_program("chromium", package="chromium")
    with (
        tempfile.TemporaryDirectory(prefix="tillmail-chromium-") as folder,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[*_FLAGS],
            env={"HOME": folder, "TMPDIR": folder, "PATH": "/usr/bin:/bin"},
        )
        try:
            yield browser
        finally:
            browser.close()
