"""What every answer of the API has in common."""

import requests


def assert_error(response: requests.Response, status: int, error: str) -> None:
    """Check that this is the error, in the API's one shape, not to be cached and not to be sniffed."""
    assert (response.status_code, response.json().get("error")) == (status, error), response.text
    assert response.json().keys() == {"error", "error_description"}
    assert response.headers["Content-Type"].partition(";")[0] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
