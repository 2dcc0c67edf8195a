"""Proofs with hostile input: edited tokens, generated requests, and what costs time."""
