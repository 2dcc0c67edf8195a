"""`python -m admin`, which `./edge-auth` calls."""

import signal
import sys

# Ctrl-C while the SDK is read ends the process without a traceback: nothing has begun.
handler = signal.getsignal(signal.SIGINT)
if handler is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
try:
    from admin.command import main
except ImportError as error:
    sys.exit(f"edge-auth: {error}; run `make clean` in the checkout, then this command again")
signal.signal(signal.SIGINT, handler)

sys.exit(main())
