"""Secrets and the places that must not have them."""
