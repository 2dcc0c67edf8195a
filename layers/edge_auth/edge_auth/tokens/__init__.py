"""Pure token logic: no AWS, no environment, no clock of its own."""
