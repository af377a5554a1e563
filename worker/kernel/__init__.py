"""Ground: money, ids, time, events, errors and addresses. Standard library only."""
