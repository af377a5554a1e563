"""Opening and closing an App for one command, and errors as one clear sentence."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from worker.kernel.errors import TillmailError

if TYPE_CHECKING:
    from worker.app import App

REFUSED = 1


@contextmanager
def open_app(*, reader: bool = False, press: bool = False, migrated: bool = True) -> Iterator[App]:
    """The App of this command. The children are started before anything else has a thread."""
    from worker.actors import FLOW
    from worker.app import App
    from worker.settings import load

    logging.basicConfig(level=os.environ.get("TILLMAIL_LOG", "WARNING"), format=_LOG_FORMAT)
    app = App(load(), FLOW)
    try:
        app.start_children(reader=reader, press=press)
        if migrated:
            app.check_schema()
        yield app
    finally:
        app.close()


def collect_seldom() -> None:
    """Have the garbage collector leave what is loaded alone, and look at new objects seldom.

    By Python's default it goes through them at every seven hundredth, which takes a fifth of a
    worker's time and finds next to nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@contextmanager
def sentence_for_errors() -> Iterator[None]:
    """What we raise on purpose ends the command with its message, not with a traceback."""
    try:
        yield
    except TillmailError as e:
        typer.echo(str(e), err=True)
        raise typer.Exit(REFUSED) from e


_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
