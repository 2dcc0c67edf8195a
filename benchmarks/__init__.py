"""The measurements behind the numbers in the documents: `make bench`. Results are ratios within one run, not tests."""
