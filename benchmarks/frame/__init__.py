"""Shared by all benchmarks: runs them, keeps their results, and shows these as tables and plots."""
