"""The settings of the local stack."""

import pytest

from local.failure import Failure
from local.settings import from_environment


def test_without_a_setting_the_port_is_4566() -> None:
    """The default is the port that MiniStack uses."""
    assert from_environment({}).port == 4566


def test_the_base_url_names_the_chosen_port_and_has_no_trailing_slash() -> None:
    """The base URL is the issuer of the tokens, so it must be exact."""
    url = from_environment({"EDGE_AUTH_PORT": "5001"}).base_url

    assert url.startswith("http://127.0.0.1:5001/")
    assert url.endswith("/v1")


def test_pages_of_the_chosen_origins_may_use_the_stack() -> None:
    """Without the setting the template's default holds."""
    assert from_environment({}).parameters == {}
    assert from_environment({"EDGE_AUTH_ALLOWED_ORIGINS": "http://localhost:5173"}).parameters == {
        "AllowedOrigins": "http://localhost:5173"
    }


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1", "45 66", "\uff14\uff15\uff16\uff16"])
def test_what_is_no_port_is_refused_by_the_settings_name(text: str) -> None:
    """The message names the setting."""
    with pytest.raises(Failure, match="EDGE_AUTH_PORT"):
        from_environment({"EDGE_AUTH_PORT": text})
