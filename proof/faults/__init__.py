"""Faults below the SDK: at every call of every function, and at random during thousands of refreshes."""
