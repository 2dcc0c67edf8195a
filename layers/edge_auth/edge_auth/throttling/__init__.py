"""Throttling: how many attempts are allowed, and how long the next one has to wait."""
