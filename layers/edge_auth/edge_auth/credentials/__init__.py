"""Credentials: passwords, their hashes, the rules for new ones, the codes of second factors, and sealed secrets."""
