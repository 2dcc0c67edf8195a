"""Sessions: what is kept of one, and what a refresh token means for it."""
