"""`python -m benchmarks [--quick] [NAME …]`."""

import sys

from benchmarks.frame.command import main

if __name__ == "__main__":
    sys.exit(main())
