"""The whole product on one machine: MiniStack in the place of AWS, the real template, a walk through it."""
