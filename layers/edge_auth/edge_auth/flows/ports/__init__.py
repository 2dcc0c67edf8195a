"""The interfaces through which flows use what is outside. Their methods are acts, not reads and writes.

Every act either succeeds or raises. In infrastructure trouble it raises `errors.TemporarilyUnavailable`: nothing was
decided.
"""
