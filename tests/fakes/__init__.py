"""In-memory stand-ins for the ports of the flows, held to the same contract as the adapters."""
