"""OPTIONS on every route: answers the preflight requests of browsers. Deployed only where AllowedOrigins is set.

It decides nothing but which pages may send requests, so it logs nothing, and starts without a log.
"""

import os

from edge_auth.settings import PreflightSettings, read_settings
from edge_auth.web.cors import Cors
from edge_auth.web.request import headers_of
from edge_auth.web.response import NO_STORE, Response

settings = read_settings(PreflightSettings, os.environ)
cors = Cors(settings.allowed_origins)


def handler(event: object, _context: object) -> dict[str, object]:
    """Answer with the methods and headers that a page of an allowed origin may use. Others get an answer without them.

    Browsers remember the answer by its own header, and no cache keeps it.
    """
    return Response(204, None, {**NO_STORE, **cors.preflight_headers(headers_of(event))}).to_event()
