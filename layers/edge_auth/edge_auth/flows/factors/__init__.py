"""Use cases: second factors."""
