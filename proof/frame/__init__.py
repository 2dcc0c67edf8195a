"""What every proof shares: its run, its result and the command."""
