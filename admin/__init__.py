"""The operators' command: users, sessions and keys of a stack in AWS or on this machine."""
