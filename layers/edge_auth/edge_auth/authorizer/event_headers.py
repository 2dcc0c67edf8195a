"""The headers, the cookies and the method in an event of API Gateway, a function URL or a load balancer.

Lists of several values come from REST APIs and some load balancers. HTTP APIs and function URLs (payload 2.0) join the
values of a header with commas, and have the cookies in a list of their own.
"""

from collections.abc import Mapping

Event = Mapping[str, object]


def header_values(event: Event, name: str) -> list[object]:
    """Return the values of all headers of this lower-case name, whose case does not count (RFC 9110 §5.1)."""
    single, multiple = event.get("headers"), event.get("multiValueHeaders")
    if isinstance(multiple, dict) and multiple:  # `headers` then holds only the last value of each name
        lists = [values for found, values in multiple.items() if str(found).lower() == name]
        return [value for values in lists if isinstance(values, list) for value in values]
    if isinstance(single, dict):
        return [value for found, value in single.items() if str(found).lower() == name]
    return []


def cookie_values(event: Event, name: str) -> list[str]:
    """Return the values of all cookies of this name (RFC 6265 §5.4)."""
    listed = event.get("cookies")
    sources = listed if isinstance(listed, list) and listed else header_values(event, "cookie")
    pairs = [pair.strip(" \t") for source in sources if isinstance(source, str) for pair in source.split(";")]
    return [pair[len(name) + 1 :] for pair in pairs if pair.startswith(f"{name}=")]


def method_of(event: Event) -> str:
    """Return the method of the request. It is empty for the handshake of a WebSocket."""
    method = event.get("httpMethod")
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, dict) else None
    if method is None and isinstance(http, dict):
        method = http.get("method")
    return method if isinstance(method, str) else ""
