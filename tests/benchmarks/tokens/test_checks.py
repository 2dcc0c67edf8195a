"""The benchmark of tokens compares equal work: every library makes all checks."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.exceptions import InvalidSignature

from benchmarks.frame import samples
from benchmarks.tokens import checks, node, sizes
from benchmarks.tokens.checks import assert_strict
from benchmarks.tokens.ended import full_copy
from benchmarks.tokens.libraries import OURS, REFERENCE, bad_tokens, example_claims, issuers, raw_calls, verifiers
from edge_auth.errors import InvalidToken
from edge_auth.keys.jwk import verification_key
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.verifier import Verifier
from tests.support.access_tokens import ALGORITHMS, key

# RFC 9864 replaces the name EdDSA by Ed25519, which few libraries know yet. joserfc warns about the old name.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")

LIBRARIES = (OURS, "PyJWT", "joserfc", "Authlib")


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """Measure once, with very short batches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "BATCH_MS", 0.01)
        patch.setattr(checks, "QUICK_ROUNDS", 2)
        patch.setattr(sizes, "QUICK_KEYS", (1, 2))
        patch.setattr(node, "is_installed", lambda: False)
        return dict(checks.measure(quick=True))


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("name", LIBRARIES)
def test_every_verifier_refuses_what_is_forged_or_expired(alg: str, name: str) -> None:
    """Every verifier accepts the good token too, so its time is the time of a whole verification."""
    claims = example_claims()
    good = issue(claims, key(alg))

    assert_strict(name, verifiers(key(alg), claims)[name], good=good, bad=bad_tokens(key(alg), good))


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("missing", ["sid", "auth_time", "client_id"])
def test_every_verifier_requires_our_claims(name: str, missing: str) -> None:
    """No library is faster because it checks fewer claims than the others."""
    claims = example_claims()
    payload = {claim: value for claim, value in claims.payload().items() if claim != missing}
    verify = verifiers(key("ES256"), claims)[name]

    with pytest.raises(Exception, match=missing):
        verify(signed(payload))


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("claim", ["iss", "aud"])
def test_every_verifier_compares_issuer_and_audience(name: str, claim: str) -> None:
    """A token for another audience, or of another issuer, is refused."""
    claims = example_claims()
    verify = verifiers(key("ES256"), claims)[name]
    token = signed({**claims.payload(), claim: "https://elsewhere.example.com"})

    assert_strict(name, verify, good=issue(claims, key("ES256")), bad={"for another party": token})


@pytest.mark.parametrize("name", LIBRARIES)
def test_every_verifier_checks_the_type(name: str) -> None:
    """A JWT that is not an access token is refused (RFC 9068 §4)."""
    claims = example_claims()
    verify = verifiers(key("ES256"), claims)[name]
    token = signed(claims.payload(), typ="JWT")

    assert_strict(name, verify, good=issue(claims, key("ES256")), bad={"of another type": token})


def test_a_verifier_that_takes_anything_stops_the_benchmark() -> None:
    """Every compared verifier must do the work."""
    good = issue(example_claims(), key("ES256"))

    with pytest.raises(RuntimeError, match="forged"):
        assert_strict("careless", lambda token: token, good=good, bad=bad_tokens(key("ES256"), good))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_reference_checks_the_signature(alg: str) -> None:
    """The raw call, with which all libraries are compared, really verifies."""
    good = issue(example_claims(), key(alg))

    for check in raw_calls(key(alg), good).check.values():
        check()
    for check in raw_calls(key(alg), bad_tokens(key(alg), good)["forged"]).check.values():
        with pytest.raises(InvalidSignature):
            check()


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_every_library_issues_the_same_claims(alg: str) -> None:
    """No library is faster because it signs fewer claims."""
    claims = example_claims()
    verify = verifiers(key(alg), claims)["joserfc"]

    for name, make in issuers(key(alg), claims).items():
        assert verify(make()) == claims.payload(), name
    assert all(make() for make in raw_calls(key(alg), issue(claims, key(alg))).sign.values())


def test_figures_have_every_library_and_the_budget_is_against_the_signature_alone(figures: dict[str, Any]) -> None:
    """The budget limits the ratio of edge-auth to the raw call, in the same rounds."""
    for measured in (figures["verify"], figures["issue"]):
        assert set(measured) == set(ALGORITHMS)
        for rows in measured.values():
            assert set(rows) >= {REFERENCE, *LIBRARIES}
            assert rows[REFERENCE]["ratio"]["median"] == 1
    reached = figures["verify"]["ES256"][OURS]["ratio"]["median"]
    held = "held" if reached <= 1.25 else "not held"
    assert f"Budget for ES256: 1.25 x, {held}: {reached:.2f} x" in checks.table(figures)


def test_what_could_not_be_measured_is_named(figures: dict[str, Any]) -> None:
    """If Node is missing, the table says so."""
    assert set(figures["left_out"]) == {node.LIBRARY}
    assert "Left out: aws-jwt-verify" in checks.table(figures)


def test_the_look_at_ended_sessions_has_a_budget(figures: dict[str, Any]) -> None:
    """It is measured on a copy that knows 3,000 ended sessions, none of them the token's."""
    slow = {**figures, "stages": {**figures["stages"], checks.ENDED: {"median": 2.1, "share": 0.03}}}
    claims = example_claims()
    copy = full_copy()

    assert copy.decides(claims)
    with pytest.raises(InvalidToken, match="ended session"):
        copy.decides(claims._replace(sid=next(iter(copy._entries)) + "rest"))
    assert "3,000" in checks.ENDED
    assert checks.stages_table(slow).endswith("\n\nBudget for the last row: 2 µs, not held.")


@pytest.mark.parametrize(
    "table",
    [
        checks.table,
        checks.issue_table,
        checks.refused_table,
        checks.stages_table,
        checks.size_table,
        checks.key_set_table,
    ],
    ids=lambda table: table.__name__,
)
def test_tables_are_markdown(figures: dict[str, Any], table: Callable[[dict[str, Any]], str]) -> None:
    """Every row has as many cells as the head."""
    rows = [line for line in table(figures).splitlines() if line.startswith("|")]

    assert len(rows) > 3
    assert len({line.count("|") for line in rows}) == 1


def test_the_most_roles_are_what_the_verifier_takes(figures: dict[str, Any]) -> None:
    """With one role more, the verifier refuses the token because of its size."""
    sizes = figures["token_size"]
    by_roles = {row["roles"]: row for row in sizes["rows"] if not row["scope_characters"]}
    most = sizes["roles_of_a_token"]["ES256"]
    verifier = Verifier([verification_key(key("ES256").public_jwk())], audience=example_claims().aud)

    def verify(count: int) -> None:
        claims = example_claims(scope="", roles=tuple(f"role{number:04}" for number in range(count)))
        verifier.verify(issue(claims, key("ES256")), issuer=claims.iss, now_seconds=claims.iat)

    verify(most)
    with pytest.raises(InvalidToken, match="size"):
        verify(most + 1)
    assert by_roles[most]["bytes"] <= sizes["max_token_characters"] < by_roles[most]["bytes"] + 16
    assert max(row["bytes"] for row in sizes["rows"]) <= 2048


@pytest.mark.skipif(not node.is_installed(), reason="Node or aws-jwt-verify is not installed")
def test_node_verifies_and_refuses_too() -> None:
    """The benchmark runs to its end, so Node accepted the good tokens and refused the bad ones."""
    ours = key("ES256")
    verify = node.verification({"ES256": ours}, rounds=3)

    assert {name: row["count"] for name, row in verify["ES256"].items()} == {
        node.REFERENCE: 3,
        "aws-jwt-verify, on Node": 3,
    }


@pytest.mark.skipif(not node.is_installed(), reason="Node or aws-jwt-verify is not installed")
def test_a_bad_token_that_node_takes_stops_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a good token takes the place of a bad one."""
    monkeypatch.setattr(node, "bad_tokens", lambda _key, good: {"not bad": good})

    with pytest.raises(RuntimeError, match="accepts a bad ES256 token"):
        node.verification({"ES256": key("ES256")}, rounds=3)


def signed(payload: dict[str, Any], *, typ: str = "at+jwt") -> str:
    """Sign any payload with PyJWT, under edge-auth's header unless another type is given."""
    ours = key("ES256")
    return jwt.encode(payload, ours.private_key, "ES256", {"kid": ours.kid, "typ": typ}, sort_headers=True)
