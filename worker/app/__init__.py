"""The composition root: settings to adapters to one App. The only room that names an adapter.

The App is imported when it is asked for: who needs one adapter alone starts without the rooms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from worker.app.parts import make_broker_process, make_reader

if TYPE_CHECKING:
    from worker.app.composing import App, Begin, Flow, HandOut, Route, Step, make_relay

__all__ = [
    "App",
    "Begin",
    "Flow",
    "HandOut",
    "Route",
    "Step",
    "make_broker_process",
    "make_reader",
    "make_relay",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        from worker.app import composing

        return getattr(composing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
