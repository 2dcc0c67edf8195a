"""The SDK's data in the layer: for the calls of edge-auth, the trimmed data equals the whole data. Amazon's roots."""

import ast
import hashlib
import json
import shutil
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.session import Session

from edge_auth import trusted_roots
from sdk_data import OPERATIONS, PAGINATED, ROOTS, main, roots_of, trim
from tests.support.template import ROOT

ADAPTERS = ROOT / "layers" / "edge_auth" / "edge_auth" / "adapters"
WHOLE = Path(botocore.__file__).with_name("data")
CERTIFICATES = Path(botocore.__file__).with_name("cacert.pem")
SERVICES = sorted(OPERATIONS)
# SHA-256 of each root, as Amazon Trust Services publishes them (https://www.amazontrust.com/repository/).
FINGERPRINTS = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root Certificate Authority - G2": (
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5"
    ),
}
SAID_REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1")
# These Regions are in no partition's list, but match a partition's pattern.
MADE_UP_REGIONS = ("eu-nowhere-7", "us-gov-nowhere-7")


def session_on(data: Path) -> Session:
    """Return a session of the SDK that reads only this folder."""
    session = Session()
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return trimmed data of the locked SDK."""
    data = tmp_path_factory.mktemp("botocore") / "data"
    data.mkdir()
    for name in (*SERVICES, "sqs"):
        shutil.copytree(WHOLE / name, data / name)
    for path in WHOLE.glob("*.json"):
        shutil.copy(path, data)
    trim(data)
    return data


@pytest.fixture(scope="module")
def sessions(data: Path) -> tuple[Session, Session]:
    """Return a session on the whole data, and one on the trimmed data."""
    return session_on(WHOLE), session_on(data)


def calls_in(source: str) -> Iterator[str]:
    """Yield the methods that are called on a client, and paginated operations as `pages of …`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator":
            (operation,) = node.args
            assert isinstance(operation, ast.Constant)
            assert isinstance(operation.value, str)
            yield f"pages of {operation.value}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "_client":
            yield node.attr


def test_every_operation_that_is_called_is_kept_and_no_other() -> None:
    """A new call fails here, and not in the deployed function."""
    called = {name for path in ADAPTERS.rglob("*.py") for name in calls_in(path.read_text())} - {"get_paginator"}

    paginated = {xform_name(name) for names in PAGINATED.values() for name in names}
    assert {call.removeprefix("pages of ") for call in called} == {
        xform_name(name) for names in OPERATIONS.values() for name in names
    }
    assert {f"pages of {name}" for name in paginated} == {call for call in called if call.startswith("pages of ")}


def test_the_search_for_calls_sees_both_kinds() -> None:
    """The data of an overlooked call would be trimmed unnoticed."""
    source = "self._client.put_item(x)\nself._client.get_paginator('scan').paginate()"

    assert set(calls_in(source)) == {"put_item", "get_paginator", "pages of scan"}


def test_only_the_services_that_are_called_are_left(data: Path) -> None:
    """Each service has the newest version of its API, without documentation, examples and waiters."""
    files = {str(path.relative_to(data).as_posix()) for path in data.rglob("*") if path.is_file()}

    assert {path.name for path in data.iterdir() if path.is_dir()} == set(SERVICES)
    assert files >= {"endpoints.json", "partitions.json", "_retry.json", "sdk-default-configuration.json"}
    assert {path for path in files if path.startswith("dynamodb/")} == {
        "dynamodb/2012-08-10/endpoint-rule-set-1.json",
        "dynamodb/2012-08-10/paginators-1.json",
        "dynamodb/2012-08-10/service-2.json",
    }
    assert all("<p>" not in path.read_text() for path in data.glob("*/*/*.json"))


@pytest.mark.parametrize("service", SERVICES)
def test_an_operation_reads_and_writes_what_it_did(sessions: tuple[Session, Session], service: str) -> None:
    """Input, output and errors have the same members of the same types, at every depth."""
    whole, trimmed = (ServiceModel(session.get_service_data(service)) for session in sessions)

    assert set(trimmed.operation_names) == OPERATIONS[service]
    for name in OPERATIONS[service]:
        expected, operation = whole.operation_model(name), trimmed.operation_model(name)
        assert operation.http == expected.http
        assert shape_tree(operation.input_shape) == shape_tree(expected.input_shape)
        assert shape_tree(operation.output_shape) == shape_tree(expected.output_shape)
        assert list(map(shape_tree, operation.error_shapes)) == list(map(shape_tree, expected.error_shapes))
    assert trimmed.metadata == whole.metadata


def shape_tree(shape: Shape | None, above: tuple[str, ...] = ()) -> object:
    """Return the SDK's data of a shape without its documentation. A shape inside itself is only its name."""
    if shape is None or shape.name in above:
        return shape and shape.name
    around = (*above, shape.name)
    inner = getattr(shape, "members", {}) | {
        name: getattr(shape, name) for name in ("member", "key", "value") if hasattr(shape, name)
    }
    members = {name: shape_tree(member, around) for name, member in inner.items()}
    return shape.name, shape.type_name, shape.metadata, shape.serialization, members


@pytest.mark.parametrize("service", SERVICES)
def test_the_rules_of_addresses_are_left_as_they_are(sessions: tuple[Session, Session], service: str) -> None:
    """Every call uses these rules, also with the account's id."""
    whole, trimmed = (session.get_component("data_loader") for session in sessions)

    assert trimmed.load_service_model(service, "endpoint-rule-set-1") == whole.load_service_model(
        service, "endpoint-rule-set-1"
    )
    assert trimmed.load_data("partitions") == whole.load_data("partitions")


def regions(*, some: bool) -> list[str]:
    """Return every Region of every partition, or some of each, and some that do not exist."""
    endpoints = json.loads((WHOLE / "endpoints.json").read_text())
    partitions = [[*partition["regions"]] for partition in endpoints["partitions"]]
    known = [region for each in partitions for region in (each[:1] + each[-1:] if some else each)]
    return [*{*known, *SAID_REGIONS, *MADE_UP_REGIONS}]


def address(session: Session, service: str, region: str, *, fips: bool, dual_stack: bool) -> tuple[Any, ...]:
    """Return a client's endpoint, partition, signing name and signing Region, or the error of making the client."""
    config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual_stack)
    try:
        client = session.create_client(service, region_name=region, config=config)
    except BotoCoreError as error:
        return type(error), str(error)
    with closing(client):
        signer = client._request_signer  # type: ignore[attr-defined]  # no public attribute has these
        return client.meta.endpoint_url, client.meta.partition, signer.signing_name, signer.region_name


@pytest.mark.parametrize("dual_stack", [False, True], ids=["", "dual-stack"])
@pytest.mark.parametrize("fips", [False, True], ids=["", "FIPS"])
@pytest.mark.parametrize("service", SERVICES)
def test_addresses_are_those_of_the_whole_data(
    sessions: tuple[Session, Session], service: str, *, fips: bool, dual_stack: bool
) -> None:
    """This holds in every Region of every partition, and for FIPS and dual-stack in some of each."""
    places = regions(some=fips or dual_stack)
    found, expected = (
        {region: address(session, service, region, fips=fips, dual_stack=dual_stack) for region in places}
        for session in reversed(sessions)
    )

    assert found == expected
    addresses = {region: str(answer[0]) for region, answer in found.items()}
    assert {*SAID_REGIONS, *MADE_UP_REGIONS} <= addresses.keys()
    assert addresses["us-east-1"].startswith("https://")
    assert addresses["cn-north-1"].endswith(".amazonaws.com.cn") or fips or dual_stack


def test_trimming_twice_is_trimming_once(data: Path) -> None:
    """A repeated build loses no data."""
    before = {path: path.read_bytes() for path in data.rglob("*.json")}

    trim(data)

    assert {path: path.read_bytes() for path in data.rglob("*.json")} == before


def test_the_roots_are_amazons_five_and_no_other() -> None:
    """They are known by their fingerprints, so a wrong label in the list fails here. TLS reads the file as it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=roots_of(CERTIFICATES.read_text()))

    read = [hashlib.sha256(certificate).hexdigest() for certificate in context.get_ca_certs(binary_form=True)]
    assert sorted(read) == sorted(FINGERPRINTS.values())
    assert set(ROOTS) == set(FINGERPRINTS)


def test_the_sdk_by_itself_reads_as_many_roots_as_the_page_says() -> None:
    """The page on performance compares the number with ours."""
    page = " ".join((ROOT / "docs" / "performance.md").read_text(encoding="utf-8").split())
    number = CERTIFICATES.read_text().count("-----BEGIN CERTIFICATE-----")

    assert f"ours reads Amazon's five, the SDK by itself {number}." in page


@pytest.mark.parametrize("label", ROOTS)
def test_a_list_without_one_of_the_roots_fails_the_build(label: str) -> None:
    """A layer with four roots would fail to connect only where and when AWS uses the fifth."""
    whole = CERTIFICATES.read_text()

    with pytest.raises(LookupError, match=f"'{label}' 0 times"):
        roots_of(whole.replace(f'# Label: "{label}"', '# Label: "Another CA"'))
    with pytest.raises(LookupError, match=f"'{label}' 2 times"):
        roots_of(whole + whole[whole.index(f'# Label: "{label}"') :].partition("\n\n")[0] + "\n")


def test_the_build_writes_the_roots_where_the_layer_looks_for_them(tmp_path: Path) -> None:
    """Two builds write the same bytes. The SDK's own list stays whole."""
    package = tmp_path / "edge_auth"
    package.mkdir()
    for name in SERVICES:
        shutil.copytree(WHOLE / name, tmp_path / "botocore" / "data" / name)
    for path in [*WHOLE.glob("*.json"), CERTIFICATES]:
        shutil.copy(path, tmp_path / "botocore" / path.relative_to(WHOLE.parent))

    main(tmp_path)
    first = (package / Path(trusted_roots._FILE).name).read_bytes()
    main(tmp_path)

    assert [path.read_bytes() for path in package.iterdir()] == [first]
    assert first.decode() == roots_of(CERTIFICATES.read_text())
    assert (tmp_path / "botocore" / "cacert.pem").read_bytes() == CERTIFICATES.read_bytes()
