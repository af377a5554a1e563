"""The composition root: settings to adapters to one App. The only room that names an adapter."""

from worker.app.composing import App, Begin, Flow, HandOut, Route, Step, make_relay
from worker.app.parts import make_broker_process, make_reader

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
