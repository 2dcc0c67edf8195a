"""Use cases by subject, and the ports that they need."""
