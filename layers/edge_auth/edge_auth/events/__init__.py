"""Security events: their names, and how they are announced."""
