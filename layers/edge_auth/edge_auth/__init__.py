"""edge-auth's shared layer: token logic, flows and their adapters."""
