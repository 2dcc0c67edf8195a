"""A small site whose pages a server makes."""
