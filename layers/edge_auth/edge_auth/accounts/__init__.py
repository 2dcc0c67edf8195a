"""Accounts: the stored data of a user, and the rules for user names."""
