"""The Lambda authorizer: API Gateway's events, and the keys that verify access tokens."""
