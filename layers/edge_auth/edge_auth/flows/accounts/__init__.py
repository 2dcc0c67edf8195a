"""Use cases: accounts, for their users and for operators."""
