"""The cost of verifying and issuing an access token."""
