"""The template of a release deploys without a build, and the one of the repository has its entry in the catalogue."""

import re

import pytest
import yaml

from release import template as packaged
from tests.support.template import ROOT, resources, template

# What `sam build` writes, cut down.
BUILT = """
Metadata:
  AWS::ServerlessRepo::Application: {Name: edge-auth, LicenseUrl: ../../../LICENSE, ReadmeUrl: ../../../README.md}
Parameters:
  Architecture: {Type: String, Default: arm64, AllowedValues: [arm64, x86_64], Description: both}
Resources:
  EdgeAuthLayer:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: makefile, BuildArchitecture: arm64}
    Properties: {ContentUri: EdgeAuthLayer}
  LoginFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ../../../functions/login, Policies: [{Version: "2012-10-17"}]}
  Table:
    Type: AWS::DynamoDB::Table
"""
# The fields of the entry: their largest number of characters, and their pattern (AWS SAM Developer Guide, "AWS SAM
# template Metadata section properties").
FIELDS = {
    "Name": (140, r"[a-zA-Z0-9\-]+"),
    "Description": (256, r".+"),
    "Author": (127, r"[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?"),
}
LABEL = (127, r"[a-zA-Z0-9+\-_:/@]+")
MAX_LABELS, MAX_TEXT_BYTES = 10, 5_000_000


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_template_names_the_built_files_beside_it(architecture: str) -> None:
    """No path leaves the folder, so one archive has everything."""
    document = yaml.safe_load(packaged.packaged(BUILT, architecture))

    layer, function = (document["Resources"][name] for name in ("EdgeAuthLayer", "LoginFunction"))
    assert layer["Properties"]["ContentUri"] == f"layer-{architecture}.zip"
    assert "Metadata" not in layer
    assert function["Properties"] == {"CodeUri": "functions/login.zip", "Policies": [{"Version": "2012-10-17"}]}
    assert ".." not in packaged.packaged(BUILT, architecture)


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_template_takes_only_the_processor_of_its_layer(architecture: str) -> None:
    """With the other one every function would fail at its start."""
    parameter = yaml.safe_load(packaged.packaged(BUILT, architecture))["Parameters"]["Architecture"]

    assert (parameter["Default"], parameter["AllowedValues"]) == (architecture, [architecture])


def test_every_function_has_an_archive() -> None:
    """A release zips each `functions/*/app.py`, so a function anywhere else would be missing."""
    folders = {function["Properties"]["CodeUri"] for function in resources("AWS::Serverless::Function").values()}

    assert folders == {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "functions").glob("*/app.py")}


def test_the_entry_has_what_the_repository_of_applications_requires() -> None:
    """Name, description and author are required; licence, readme and version are, to publish for everyone."""
    entry = template()["Metadata"]["AWS::ServerlessRepo::Application"]

    for name, (characters, pattern) in FIELDS.items():
        assert len(entry[name]) <= characters, name
        assert re.fullmatch(pattern, entry[name]), name
    assert len(entry["Labels"]) <= MAX_LABELS
    for label in entry["Labels"]:
        assert len(label) <= LABEL[0]
        assert re.fullmatch(LABEL[1], label)
    for name in ("LicenseUrl", "ReadmeUrl"):
        assert 0 < (ROOT / entry[name]).stat().st_size < MAX_TEXT_BYTES
    assert entry["SpdxLicenseId"] == "Apache-2.0"
    assert "Apache License" in (ROOT / entry["LicenseUrl"]).read_text(encoding="utf-8")


def test_the_entry_names_no_address_that_is_not_known() -> None:
    """The repository has no public address yet."""
    assert (
        template()["Metadata"]["AWS::ServerlessRepo::Application"].keys().isdisjoint({"HomePageUrl", "SourceCodeUrl"})
    )
