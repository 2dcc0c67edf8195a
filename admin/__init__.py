"""The operators' command: users and their sessions, in AWS or on this machine."""
