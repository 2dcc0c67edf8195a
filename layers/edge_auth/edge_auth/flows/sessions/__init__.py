"""Use cases: how a session goes on, and how it ends."""
