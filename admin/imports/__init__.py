"""Imports: reads the users of another system from a file, and adds them to a stack."""
