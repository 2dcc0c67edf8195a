"""The bounds of an authorizer's reads, and the words that other systems know it by."""

import pytest

from edge_auth.authorizer import (
    ended_sessions,
    feed_reads,
    http_answer,
    issuer_keys,
    page_check,
    signature,
    signed_requests,
)
from tests.support.template import ROOT


@pytest.mark.parametrize(
    ("found", "bound"),
    [
        (ended_sessions.OVERLAP_SECONDS, 60),
        (ended_sessions.RETRY_SECONDS, (1, 2, 4, 8, 10)),
        (ended_sessions.FORGET_SECONDS, 60),
        (feed_reads.MAX_PAGES, 64),
        (http_answer.MAX_HEAD_BYTES, 16 * 1024),
        (http_answer.MAX_BODY_BYTES, 4 * 1024 * 1024),
        (http_answer.CHUNK_BYTES, 64 * 1024),
        (issuer_keys.MAX_JWKS_BYTES, 64 * 1024),
        (signed_requests.IDLE_SECONDS, 30),
    ],
)
def test_each_bound_is_the_one_that_the_design_gives(found: object, bound: object) -> None:
    """Its module says why. A change is a decision, and never an edit that nobody has noticed."""
    assert found == bound


def test_plain_http_is_for_this_machine_only() -> None:
    """Z20: a signed request has the function's session token, and a key set from elsewhere could be anybody's."""
    assert signed_requests.LOOPBACK == issuer_keys.LOOPBACK == ("127.0.0.1", "localhost")


def test_a_request_is_signed_as_aws_says() -> None:
    """AWS IAM User Guide, "Create a signed AWS API request"; DynamoDB API Reference, the low-level API."""
    assert (signature.ALGORITHM, signature.SERVICE, signature.CONTENT_TYPE) == (
        "AWS4-HMAC-SHA256",
        "dynamodb",
        "application/x-amz-json-1.0",
    )


def test_lambda_is_known_by_the_variable_that_only_it_sets() -> None:
    """AWS Lambda Developer Guide, "Defined runtime environment variables"."""
    assert signed_requests.STARTED_BY_LAMBDA == "AWS_LAMBDA_INITIALIZATION_TYPE"


def test_the_alarm_counts_the_lines_of_failed_reads() -> None:
    """The metric filter of the template has the same text."""
    pattern = f'{{ $.message = "{ended_sessions.FAILURE}" }}'

    assert f"FilterPattern: '{pattern}'" in (ROOT / "template.yaml").read_text(encoding="utf-8")


def test_only_methods_that_read_come_from_any_page() -> None:
    """RFC 9110 §9.2.1, without TRACE. A page of the same site is known by its origin (Fetch Metadata, §2.4)."""
    assert {"GET", "HEAD", "OPTIONS"} == page_check.READING_METHODS
    assert page_check.SAME_ORIGIN == "same-origin"
    assert page_check.BY_ORIGIN == ([], ["same-site"])
