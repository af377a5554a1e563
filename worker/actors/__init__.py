"""Entrance: what the queue starts. The switchboard is `flow.py`; one thin file per room."""

from worker.actors import businesses, store
from worker.actors.carrying import Carrier
from worker.actors.flow import FLOW
from worker.actors.shapes import run_job, run_sweep, runs, sweeps

# Sweeps register themselves when their file is read.
_SWEEPERS = (businesses, store)

__all__ = ["FLOW", "Carrier", "run_job", "run_sweep", "runs", "sweeps"]
