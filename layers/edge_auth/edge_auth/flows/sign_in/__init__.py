"""Use cases: how a user signs in."""
