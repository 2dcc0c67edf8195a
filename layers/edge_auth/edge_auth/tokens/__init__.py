"""Tokens, proofs, challenges and the feed of ended sessions: how each is written, and how each is checked."""
