"""`python -m admin`, which `./edge-auth` calls."""

import sys

from admin.command import main

sys.exit(main())
