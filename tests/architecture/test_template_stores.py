"""The template's tables, its secret and its outputs."""

import pytest

from tests.support.template import properties, resources, template


@pytest.mark.parametrize("name", sorted(resources("AWS::DynamoDB::Table")))
def test_a_table_is_encrypted_recoverable_and_on_demand(name: str) -> None:
    """Each table is encrypted, has point-in-time recovery, and is billed by request."""
    table = properties(name)

    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize("name", ["IdentitiesTable", "SessionsTable", "KeyRingSecret"])
def test_what_cannot_be_made_again_outlives_the_stack(name: str) -> None:
    """Users, sessions and keys stay when the stack is deleted or the resource is replaced."""
    resource = template()["Resources"][name]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize("name", ["SessionsTable", "ThrottleTable"])
def test_what_expires_is_deleted_by_one_attribute(name: str) -> None:
    """F27: the TTL attribute is `delete_at`, which the adapters write in seconds."""
    assert properties(name)["TimeToLiveSpecification"] == {"AttributeName": "delete_at", "Enabled": True}


def test_no_secret_stands_in_the_template() -> None:
    """K5: the secret has no value in the template, so no key passes through CloudFormation."""
    assert set(properties("KeyRingSecret")) == {"Description"}


def test_every_output_is_described() -> None:
    """Each output has a description."""
    assert all(output["Description"] for output in template()["Outputs"].values())
