"""Signing keys and MAC keys: what they are, the ring that holds them, and when each one signs and ends."""
