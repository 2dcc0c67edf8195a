"""Keys: signing keys and MAC keys, the ring that holds them, when each one signs and ends, and the keys that seal."""
