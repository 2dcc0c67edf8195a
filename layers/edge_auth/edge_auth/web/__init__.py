"""API Gateway events in, typed requests and responses out."""
