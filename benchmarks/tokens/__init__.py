"""What it costs to verify and to issue an access token."""
