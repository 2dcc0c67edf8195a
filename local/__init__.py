"""Runs the whole product on one machine: deploys the real template to MiniStack, an emulator of AWS."""
