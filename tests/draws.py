"""Ids and keys that come from a seed, so that the same seed tells the same story."""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from unittest.mock import patch


def drawn_from(seed: int) -> AbstractContextManager[object]:
    """Everything that is drawn at random, here and in a sandbox inside, comes from this seed."""
    draw = random.Random(seed)
    return patch.multiple(
        "secrets",
        randbits=draw.getrandbits,
        choice=draw.choice,
        token_hex=lambda n_bytes=16: draw.randbytes(n_bytes).hex(),
    )
