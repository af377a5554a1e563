"""Measurements: `make bench` prints all of them from one run, as a table and as JSON."""
