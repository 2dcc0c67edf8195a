"""Credentials: how a user proves who they are."""
