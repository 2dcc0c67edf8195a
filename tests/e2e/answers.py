"""The form that every error of the API has."""

import requests


def assert_error(response: requests.Response, status: int, error: str) -> None:
    """Check the status, the error, the body's form, and the headers against caching and sniffing."""
    assert (response.status_code, response.json().get("error")) == (status, error), response.text
    assert response.json().keys() == {"error", "error_description"}
    assert response.headers["Content-Type"].partition(";")[0] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
