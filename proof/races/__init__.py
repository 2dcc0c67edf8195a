"""Races on a real engine."""
