"""Entrance: the pay page, what the gateway tells us, and health. Verify, one verb, answer."""

from worker.web.site import build

__all__ = ["build"]
