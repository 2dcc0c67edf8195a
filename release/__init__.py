"""Builds the files of a release, checks its tag, and asks about known vulnerabilities."""
