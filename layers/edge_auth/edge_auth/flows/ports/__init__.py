"""What the flows need from outside, in acts and not in reads and writes.

Every act either succeeds or raises. Whatever else an act may raise, infrastructure trouble is
`errors.TemporarilyUnavailable`: nothing was decided.
"""
