"""Adapters: each implements one port with one technology, and turns its errors into ours."""
