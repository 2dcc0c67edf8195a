"""Access tokens and refresh tokens: how each is written, and how each is checked."""
