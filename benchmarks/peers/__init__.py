"""Other designs, written after their documentation or source."""
