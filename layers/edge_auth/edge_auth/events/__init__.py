"""Security events: their names, and who is told of them."""
