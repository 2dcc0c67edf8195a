"""One state machine of the whole product, and an independent model that predicts each of its answers."""
