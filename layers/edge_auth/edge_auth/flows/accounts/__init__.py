"""Use cases: accounts, by their users and by operators."""
