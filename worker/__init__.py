"""Tillmail: an email-driven invoice and payments worker."""
