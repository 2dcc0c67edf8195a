"""The benchmark of tokens compares what it says: everybody checks, and nobody is let off."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.exceptions import InvalidSignature

from benchmarks import token_checks, token_node, token_sizes, turns
from benchmarks.token_checks import assert_strict
from benchmarks.token_examples import bad_tokens, example_claims
from benchmarks.token_libraries import OURS, REFERENCE, issuers, raw_checks, raw_signatures, verifiers
from edge_auth.errors import InvalidToken
from edge_auth.keys.jwk import verification_key
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.verifier import Verifier
from tests.support.access_tokens import ALGORITHMS, key

# RFC 9864 wants the name Ed25519, which few libraries know yet; joserfc says so.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")

LIBRARIES = (OURS, "PyJWT", "joserfc", "Authlib")


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """Measure once, in next to no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turns, "BATCH_MS", 0.01)
        patch.setattr(token_checks, "QUICK_ROUNDS", 2)
        patch.setattr(token_sizes, "QUICK_KEYS", (1, 2))
        patch.setattr(token_node, "is_installed", lambda: False)
        return dict(token_checks.measure(quick=True))


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("name", LIBRARIES)
def test_every_verifier_refuses_what_is_forged_or_expired(alg: str, name: str) -> None:
    """And takes what is good: otherwise its time is that of something else."""
    claims = example_claims()
    good = issue(claims, key(alg))

    assert_strict(name, verifiers(key(alg), claims)[name], good=good, bad=bad_tokens(key(alg), good))


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("missing", ["sid", "auth_time", "client_id"])
def test_every_verifier_requires_our_claims(name: str, missing: str) -> None:
    """None is faster because it looks at less than the others are told to."""
    claims = example_claims()
    payload = {claim: value for claim, value in claims.payload().items() if claim != missing}
    verify = verifiers(key("ES256"), claims)[name]

    with pytest.raises(Exception, match=missing):
        verify(signed(payload))


@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("claim", ["iss", "aud"])
def test_every_verifier_compares_issuer_and_audience(name: str, claim: str) -> None:
    """A token for somebody else is no good token."""
    claims = example_claims()
    verify = verifiers(key("ES256"), claims)[name]
    token = signed({**claims.payload(), claim: "https://elsewhere.example.com"})

    assert_strict(name, verify, good=issue(claims, key("ES256")), bad={"for somebody else": token})


@pytest.mark.parametrize("name", LIBRARIES)
def test_every_verifier_checks_the_type(name: str) -> None:
    """A JWT that is no access token is refused (RFC 9068 §4)."""
    claims = example_claims()
    verify = verifiers(key("ES256"), claims)[name]
    token = signed(claims.payload(), typ="JWT")

    assert_strict(name, verify, good=issue(claims, key("ES256")), bad={"of another type": token})


def test_a_verifier_that_takes_anything_stops_the_benchmark() -> None:
    """What is compared must do the work."""
    good = issue(example_claims(), key("ES256"))

    with pytest.raises(RuntimeError, match="forged"):
        assert_strict("careless", lambda token: token, good=good, bad=bad_tokens(key("ES256"), good))


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_reference_checks_the_signature(alg: str) -> None:
    """The raw call that everything is compared with is a real one."""
    good = issue(example_claims(), key(alg))

    for check in raw_checks(key(alg), good).values():
        check()
    for check in raw_checks(key(alg), bad_tokens(key(alg), good)["forged"]).values():
        with pytest.raises(InvalidSignature):
            check()


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_everybody_issues_the_same_claims(alg: str) -> None:
    """Nobody is faster because it signs less."""
    claims = example_claims()
    verify = verifiers(key(alg), claims)["joserfc"]

    for name, make in issuers(key(alg), claims).items():
        assert verify(make()) == claims.payload(), name
    assert all(make() for make in raw_signatures(key(alg), issue(claims, key(alg))).values())


def test_figures_name_everybody_and_hold_the_budget_against_the_signature_alone(figures: dict[str, Any]) -> None:
    """The budget is ours over the raw call, in the same rounds."""
    for measured in (figures["verify"], figures["issue"]):
        assert set(measured) == set(ALGORITHMS)
        for rows in measured.values():
            assert set(rows) >= {REFERENCE, *LIBRARIES}
            assert rows[REFERENCE]["ratio"]["median"] == 1
    budget = figures["budget"]
    assert budget["reached"] == figures["verify"]["ES256"][OURS]["ratio"]["median"]
    assert budget["holds"] == (budget["reached"] <= budget["limit"] == 1.25)


def test_what_could_not_be_measured_is_named(figures: dict[str, Any]) -> None:
    """Where Node is missing, the table says so."""
    assert set(figures["left_out"]) == {token_node.LIBRARY}
    assert "Left out: aws-jwt-verify" in token_checks.table(figures)


@pytest.mark.parametrize(
    "table",
    [
        token_checks.table,
        token_checks.issue_table,
        token_checks.refused_table,
        token_checks.stages_table,
        token_checks.size_table,
        token_checks.key_set_table,
    ],
    ids=lambda table: table.__name__,
)
def test_tables_are_markdown(figures: dict[str, Any], table: Callable[[dict[str, Any]], str]) -> None:
    """Every row has as many cells as the head."""
    rows = [line for line in table(figures).splitlines() if line.startswith("|")]

    assert len(rows) > 3
    assert len({line.count("|") for line in rows}) == 1


def test_the_most_roles_are_what_the_verifier_takes(figures: dict[str, Any]) -> None:
    """One more, and it refuses the token for its size."""
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
    assert by_roles[most]["verify"] is not None
    assert [row for row in sizes["rows"] if (row["bytes"] > 2048) != (row["verify"] is None)] == []


@pytest.mark.skipif(not token_node.is_installed(), reason="Node or aws-jwt-verify is not installed")
def test_node_verifies_and_refuses_too() -> None:
    """A good token that must be refused stops the benchmark: so the bad ones were refused."""
    claims = example_claims()
    good = issue(claims, key("ES256"))
    bad = list(bad_tokens(key("ES256"), good).values())

    def times(*refused: str) -> dict[str, Any]:
        tokens = token_node.Tokens(key("ES256").public_jwk(), good, refused)
        return token_node.times({"ES256": tokens}, issuer=claims.iss, audience=claims.aud, rounds=3)

    assert {name: len(values) for name, values in times(*bad)["times"]["ES256"].items()} == {
        token_node.REFERENCE: 3,
        token_node.LIBRARY: 3,
    }
    with pytest.raises(RuntimeError, match="accepts a bad ES256 token"):
        times(*bad, good)


def test_each_round_calls_everything_in_an_order_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody always comes after the same one."""
    monkeypatch.setattr(turns, "BATCH_MS", 0)
    calls: list[str] = []

    times = turns.in_turn({name: partial(calls.append, name) for name in "abc"}, rounds=50)

    assert {name: len(values) for name, values in times.items()} == {"a": 50, "b": 50, "c": 50}
    rounds = ["".join(calls[-150:][start : start + 3]) for start in range(0, 150, 3)]
    assert all(sorted(each) == ["a", "b", "c"] for each in rounds)
    assert len(set(rounds)) == 6


def signed(payload: dict[str, Any], *, typ: str = "at+jwt") -> str:
    """Sign any payload with PyJWT, under our header unless it is of another type."""
    ours = key("ES256")
    return jwt.encode(payload, ours.private_key, "ES256", {"kid": ours.kid, "typ": typ}, sort_headers=True)
