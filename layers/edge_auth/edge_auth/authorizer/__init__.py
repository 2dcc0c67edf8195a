"""The Lambda authorizers: their events, the keys that verify access tokens, and what they ask the tables.

Also what a route demands of a login, and which page sent a request with a session cookie.
"""
