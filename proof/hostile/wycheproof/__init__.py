"""The test vectors of Project Wycheproof for our algorithms, and what our code says of each."""
