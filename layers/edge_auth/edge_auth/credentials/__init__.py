"""Credentials: passwords, their hashes, and the rules for new ones."""
