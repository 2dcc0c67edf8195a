"""AWS behind the ports of the flows. The only place that imports the SDK."""
