"""Limits of attempts: who has to wait before the next one."""
