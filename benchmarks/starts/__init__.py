"""How long functions take to start and to answer, and what a start is made of."""
