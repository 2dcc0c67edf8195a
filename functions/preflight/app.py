"""OPTIONS on every route: answers the preflight requests of browsers. Deployed only where AllowedOrigins is set.

It decides nothing but which pages may send requests, so it logs nothing, and starts without a log.
"""

import os

from edge_auth.errors import InvalidRequest
from edge_auth.settings.preflight import PreflightSettings
from edge_auth.settings.reading import read_settings
from edge_auth.web.cors import Cors
from edge_auth.web.request import headers_of, request_from
from edge_auth.web.response import NO_STORE, Response, error_response

settings = read_settings(PreflightSettings, os.environ)
cors = Cors(settings.allowed_origins)


def handler(event: object, _context: object) -> dict[str, object]:
    """Answer with the methods and headers that a page of an allowed origin may use. Others get an answer without them.

    Browsers remember the answer by its own header, and no cache keeps it. No browser sends a body here; one that cannot
    be read is answered with an error.
    """
    try:
        request = request_from(event)
    except InvalidRequest as error:
        return error_response(error).with_headers(cors.answer_headers(headers_of(event))).to_event()
    allowed = cors.preflight_headers(request.headers, request.path_parameters.get("proxy", ""))
    return Response(204, None, {**NO_STORE, **allowed}).to_event()
