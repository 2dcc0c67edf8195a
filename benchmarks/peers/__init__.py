"""Other designs, as their documentation or their source has them."""
