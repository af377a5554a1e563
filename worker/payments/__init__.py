"""Room: payments."""
