"""Use cases: the key ring."""
