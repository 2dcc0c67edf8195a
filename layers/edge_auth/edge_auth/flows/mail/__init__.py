"""Use cases: the mails that tell users, and the addresses that take none."""
