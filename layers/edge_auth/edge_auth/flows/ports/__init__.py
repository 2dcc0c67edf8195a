"""The interfaces through which flows use what is outside.

Every act either succeeds or raises. In infrastructure trouble it raises `errors.TemporarilyUnavailable`: nothing was
decided.
"""
