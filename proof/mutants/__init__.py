"""Mutation testing: small faults are planted in the rules of the layer, and the tests must find them."""
