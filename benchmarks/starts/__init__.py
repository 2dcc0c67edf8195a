"""The times of functions to start and to answer, and the parts of a start."""
