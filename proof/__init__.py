"""Harnesses that show what the documents promise: `make prove` runs them and keeps their counts."""
