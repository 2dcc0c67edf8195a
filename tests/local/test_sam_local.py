"""The parts of `make sam-local` that need no container engine. tests/sam_local runs the whole with one."""

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.x509 import SubjectAlternativeName, load_pem_x509_certificate

from local import sam
from local.failure import Failure
from local.sam_local import certificate, engine, settings, template
from local.sam_local.relay import relay
from local.settings import ROOT
from tests.support.loopback import on_loopback
from tests.support.sam_parameters import parameters_of

LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:EdgeAuthLayer:3000"
DESKTOP: dict[str, str | bool] = {
    "architecture": "arm64",
    "gateway": "172.17.0.1",
    "in_a_virtual_machine": True,
    "has_image": False,
    "layer_folder": "EdgeAuthLayer-3000-0123456789",
}
BUILT: dict[str, Any] = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Audience": {"Type": "String"}, "LogLevel": {"Type": "String", "Default": "INFO"}},
    "Resources": {
        "LoginFunction": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": "../../../functions/login",
                "Layers": [{"Ref": "EdgeAuthLayer"}],
                "Environment": {"Variables": {"SESSIONS_TABLE": {"Ref": "SessionsTable"}}},
            },
        },
        "RegisterFunction": {
            "Type": "AWS::Serverless::Function",
            "Condition": "HasSelfRegistration",
            "Properties": {"CodeUri": "../../../functions/register"},
        },
        "WhoamiFunction": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"CodeUri": "../../../functions/whoami"},
        },
        "SessionsTable": {"Type": "AWS::DynamoDB::Table"},
    },
}


def changed(parameters: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the template for `sam local` of a deployment without self-registration."""
    deployed = {"LoginFunction": {"SESSIONS_TABLE": "edge-auth-SessionsTable-1A2B"}, "WhoamiFunction": {}}
    return template.for_sam_local(
        BUILT, layer=LAYER, code=Path("/code"), deployed=deployed, parameters=parameters or {"Audience": "api"}
    )


def test_a_function_has_the_variables_of_the_deployment() -> None:
    """`sam local` would put the logical id in the place of a table's name, and nothing in the place of the keys."""
    properties = changed()["Resources"]["LoginFunction"]["Properties"]

    assert properties["Environment"] == {"Variables": {"SESSIONS_TABLE": "edge-auth-SessionsTable-1A2B"}}
    assert properties["CodeUri"] == "/code/login"


def test_a_function_whose_condition_does_not_hold_is_left_out() -> None:
    """`sam local` ignores conditions, and would serve the route. All other resources stay."""
    assert BUILT["Resources"].keys() - changed()["Resources"].keys() == {"RegisterFunction"}


def test_only_functions_with_our_layer_get_it() -> None:
    """`whoami` stands for the functions of users, which have none."""
    resources = changed()["Resources"]

    assert resources["LoginFunction"]["Properties"]["Layers"] == [LAYER]
    assert "Layers" not in resources["WhoamiFunction"]["Properties"]


def test_the_parameters_of_the_deployment_are_the_defaults() -> None:
    """So a command of the developer need not name them."""
    declared = changed({"Audience": "api"})["Parameters"]

    assert declared == {
        "Audience": {"Type": "String", "Default": "api"},
        "LogLevel": {"Type": "String", "Default": "INFO"},
    }


def test_a_function_reaches_nothing_of_the_developers_account() -> None:
    """SAM passes on the credentials of the shell, unless a function has variables with these names."""
    variables = template.connection("https://10.88.0.1:4567")

    assert variables["AWS_ENDPOINT_URL"] == "https://10.88.0.1:4567"
    assert variables["AWS_CA_BUNDLE"] == f"/opt/{template.AUTHORITY}"
    assert {variables[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")} == {"test"}
    assert variables["AWS_SESSION_TOKEN"] == ""


def test_both_files_are_written(tmp_path: Path) -> None:
    """SAM reads the template as YAML, and the variables as JSON."""
    template.write(tmp_path, changed(), {"LoginFunction": {"SESSIONS_TABLE": "sessions"}})

    assert yaml.safe_load((tmp_path / "template.yaml").read_text()) == changed()
    assert json.loads((tmp_path / "env.json").read_text()) == {"LoginFunction": {"SESSIONS_TABLE": "sessions"}}


def test_an_engine_in_a_virtual_machine_has_a_name_for_this_machine() -> None:
    """It forwards `host.docker.internal` to the loopback address, so nothing listens for other machines."""
    found = engine.described(DESKTOP)

    assert (found.host, found.listen, found.architecture) == ("host.docker.internal", "127.0.0.1", "arm64")


def test_any_other_engine_has_a_bridge() -> None:
    """This machine is the gateway of the bridge, so nothing listens for other machines either."""
    found = engine.described({**DESKTOP, "in_a_virtual_machine": False})

    assert (found.host, found.listen) == ("172.17.0.1", "172.17.0.1")


def test_an_engine_without_a_bridge_is_refused() -> None:
    """Its containers could not reach this machine."""
    with pytest.raises(Failure, match="no bridge network"):
        engine.described({**DESKTOP, "in_a_virtual_machine": False, "gateway": ""})


def test_without_an_engine_the_command_says_what_to_install() -> None:
    """It prints one line, before it builds anything, and ends with status 1."""
    path = f"{ROOT}:{ROOT / 'layers' / 'edge_auth'}"
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock", "EDGE_AUTH_SAM_PORT": str(free_port())}

    outcome = subprocess.run(
        [sys.executable, "-m", "local.sam_local"],
        env={**os.environ, "PYTHONPATH": path, **nowhere},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("error: `sam local` needs a container engine, and none answers; install")
    assert outcome.stderr.count("\n") == 1


def test_parameters_are_those_of_the_command_line() -> None:
    """They replace those of the environment. Quotes are around a value, and not in it."""
    environment = {"EDGE_AUTH_ALLOWED_ORIGINS": "http://localhost:1", "EDGE_AUTH_PORT": "4600"}
    given = ["AllowedOrigins=http://localhost:2", "TrustedProxy=X-Ip:a=b", 'MailName="Example Notes"', 'MailFrom=""']
    chosen = settings.chosen(environment, given)

    assert chosen.stack.parameters == {
        "AllowedOrigins": "http://localhost:2",
        "TrustedProxy": "X-Ip:a=b",
        "MailName": "Example Notes",
        "MailFrom": "",
    }
    assert (chosen.stack.port, chosen.api_port) == (4600, settings.DEFAULT_PORT)


def test_a_deployment_to_this_machine_has_the_whole_values() -> None:
    """Also one with a space, and an empty one."""
    given = {"MailName": "Example Notes", "MailFrom": "", "PasswordProfiles": "m=1024,t=1,p=1;bcrypt:c=4"}

    assert parameters_of(sam.overrides(given)) == [given]


@pytest.mark.parametrize(
    ("environment", "parameters", "text"),
    [
        ({"EDGE_AUTH_SAM_PORT": "70000"}, [], "EDGE_AUTH_SAM_PORT='70000' is not a port"),
        ({}, ["SelfRegistration"], "'SelfRegistration' is not Name=value"),
    ],
)
def test_a_wrong_setting_is_refused(environment: dict[str, str], parameters: list[str], text: str) -> None:
    """The text says what to set."""
    with pytest.raises(Failure, match=text):
        settings.chosen(environment, parameters)


def free_port() -> int:
    """Return a port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def stack_port() -> Iterator[int]:
    """Yield the port of an HTTP server that answers with what it got, as MiniStack would."""

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the name that http.server requires
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with on_loopback(Echo) as port:
        yield port


def test_the_relay_speaks_tls_for_a_server_that_does_not(stack_port: int, tmp_path: Path) -> None:
    """Two requests go over one connection, and a client that does not trust the certificate is refused."""
    made = certificate.make("127.0.0.1")
    authority = tmp_path / "authority.pem"
    authority.write_bytes(made.pem)
    body = b"x" * 200_000

    with relay("127.0.0.1", made.server, stack_port) as port:
        trusting = HTTPSConnection(
            "127.0.0.1", port, timeout=10, context=ssl.create_default_context(cafile=str(authority))
        )
        for _ in range(2):
            trusting.request("POST", "/", body)
            assert trusting.getresponse().read() == body
        trusting.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            HTTPSConnection("127.0.0.1", port, timeout=10, context=ssl.create_default_context()).request("POST", "/")

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_certificate_is_for_one_host() -> None:
    """A name is a name, and an address is an address."""
    for host in ("host.docker.internal", "10.88.0.1"):
        assert host in subject_of(certificate.make(host).pem)


def subject_of(pem: bytes) -> str:
    """Return the names in a certificate."""
    names = load_pem_x509_certificate(pem).extensions.get_extension_for_class(SubjectAlternativeName).value
    return " ".join(str(name.value) for name in names)
