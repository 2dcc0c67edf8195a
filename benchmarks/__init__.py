"""What the numbers in the documents come from: `make bench`. Ratios within one run; nothing here is a test."""
