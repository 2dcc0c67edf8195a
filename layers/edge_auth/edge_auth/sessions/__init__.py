"""Sessions: the data of a session, and what a refresh token means for it."""
