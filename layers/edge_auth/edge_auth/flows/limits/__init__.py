"""Limits of attempts: which attempts have to wait."""
