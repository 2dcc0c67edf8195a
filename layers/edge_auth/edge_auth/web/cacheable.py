"""Answers with a public document that caches may keep, and every page of a browser may read."""

import hashlib
import json
from collections.abc import Mapping

from edge_auth.web.response import Response

Document = Mapping[str, object]


def cacheable_response(document: Document, if_none_match: str, *, cache_control: str) -> Response:
    """Answer with a document and its entity tag, or with 304 for the same copy (RFC 9110 §13.1.2, §15.4.5)."""
    text = json.dumps(document, separators=(",", ":"))  # as it is sent
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"Cache-Control": cache_control, "ETag": tag, "Access-Control-Allow-Origin": "*"}
    known = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    if known & {tag, "*"}:
        return Response(304, None, headers)
    return Response(200, document, headers)
