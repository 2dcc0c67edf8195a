"""What every benchmark is run, kept and shown with."""
