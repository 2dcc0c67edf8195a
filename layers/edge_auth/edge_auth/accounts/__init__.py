"""Accounts: what is kept of a user, and which user names there can be."""
