"""Drills on the deployed local stack: a service is gone for a while, under load, and comes back. And a long load."""
