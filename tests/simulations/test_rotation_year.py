"""A year of rotations and outages without a refused good token, and an emergency (K3, K6, F15, F16).

An authorizer may meet a key that is newer than its deployment while it cannot fetch the issuer's key set. Then it
refuses the token until it can. The simulation repeats and counts these calls separately.

The suite simulates some months of ES256 and of EdDSA, which is longer than a key lives, and a change from RSA.
EDGE_AUTH_YEARS=1 simulates a year of each, and each emergency with each algorithm.
"""

import os
import random
from dataclasses import replace
from functools import partial

import pytest

from edge_auth.errors import InvalidToken
from edge_auth.keys.rotation import RotationPolicy
from edge_auth.keys.timing import REPLACE_SECONDS
from edge_auth.tokens import access_token as access
from tests.simulations.rotation_year import HOUR, MINUTE, Year
from tests.support.access_tokens import ALGORITHMS, NOW, claims_at
from tests.support.deployment import IDLE_SECONDS, Deployment
from tests.support.rings import DAY

HAS_YEARS = "EDGE_AUTH_YEARS" in os.environ
PERIODS = [(alg, 365) for alg in ALGORITHMS] if HAS_YEARS else [("ES256", 210), ("EdDSA", 65)]
EMERGENCIES = [(alg, probed) for alg in ALGORITHMS for probed in (False, True) if HAS_YEARS or alg == "ES256"]
# Every thirty days, but for two that an operator brings forward.
CHANGES = [0, 30, 60, 90, 100, 130, 160, 190, 200, 230, 260, 290, 320, 350]
POLICY = RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=IDLE_SECONDS)


@pytest.fixture
def chance() -> random.Random:
    """Return a generator with the same values in every run."""
    return random.Random(365)  # noqa: S311 - a simulation, the same in every run


@pytest.mark.parametrize(("alg", "days"), PERIODS)
def test_a_year_of_rotations_refuses_no_good_token(
    alg: str, days: int, deployment: Deployment, chance: random.Random
) -> None:
    """No token of an ended key is accepted. Operators rotate twice, and the schedule does the rest."""
    # A machine with a new ring loads its key again, and RSA keys take long to load.
    year = Year(deployment, replace(POLICY, alg=alg), chance, machines=2 if alg == "RS256" else 3)
    for day in (100, 200):
        year.at(NOW + day * DAY + 7 * HOUR, year.rotate)
    year.live()
    year.run(days)

    assert year.refused == []
    assert year.accepted_after_their_end == []
    changes = [day for day in CHANGES if day < days]
    assert [change.day for change in year.changes] == changes
    assert {change.alg for change in year.changes} == {alg}
    assert len({change.kid for change in year.changes}) == len(changes)
    assert len(year.seen_mac) == len(changes) + 1
    happened(year)


@pytest.mark.parametrize(("before", "after"), [("ES256", "EdDSA"), ("RS256", "ES256")])
def test_another_algorithm_in_the_middle_of_the_year_refuses_no_good_token(
    before: str, after: str, deployment: Deployment, chance: random.Random
) -> None:
    """The old algorithm's next key is taken back, and the new algorithm's key signs a day later (F15)."""
    year = Year(deployment, replace(POLICY, alg=before), chance)
    year.at(NOW + 100 * DAY + HOUR, lambda: year.switch(after))
    year.live()
    year.run(180)

    assert year.refused == []
    assert year.accepted_after_their_end == []
    changes = [(0, before), (30, before), (60, before), (90, before), (101, after), (131, after), (161, after)]
    assert [(change.day, change.alg) for change in year.changes] == changes
    happened(year)


def happened(year: Year) -> None:
    """Check that calls, outages and forgeries happened in the simulation."""
    for what in ("calls", "refreshes", "logins", "reads in an outage", "schedule off", "forgeries refused"):
        assert year.counts[what] > 0, what
    # These are authorizers with an old deployment during an outage of the endpoint. Each call repeats every minute.
    assert year.counts["refused until the endpoint answers"] < year.counts["calls"] / 20


@pytest.mark.parametrize(
    ("alg", "probed"),
    EMERGENCIES,
    ids=[f"{alg}, {'while thieves probe' if probed else 'in peace'}" for alg, probed in EMERGENCIES],
)
def test_an_emergency_ends_the_old_keys_and_nothing_else(
    alg: str,
    probed: bool,  # noqa: FBT001 - a parameter of the test
    deployment: Deployment,
    chance: random.Random,
) -> None:
    """Old access tokens end in the announced second, sessions survive, and new tokens are accepted at once.

    External verifiers are not part of this test: they keep the key set for hours, and refuse new tokens as long.
    """
    year = Year(deployment, replace(POLICY, alg=alg), chance, has_externals=False, has_outages=False)
    year.live()
    year.run(2)
    for client in year.clients:
        year.every(lambda: chance.randint(20, 80), partial(year.act, client))
    if probed:
        year.every(lambda: chance.randint(1, 15), year.probe)
    year.run_seconds(HOUR)
    logins = year.counts["logins"]
    thefts, end = year.replace_all()
    stolen = [(pair, access.issue(claims_at(end - 1), pair)) for pair in thefts]
    assert end == year.now + REPLACE_SECONDS

    year.run_seconds(REPLACE_SECONDS - 1)
    for _, token in stolen[:1]:
        for authorizer in year.authorizers:
            authorizer.verify(token)

    year.run_seconds(1)
    year.authorizers[0].deploy()  # one is redeployed, and the others meet a token under the new key
    new = access.issue(claims_at(year.now), year.stored().ring.signing[-1].key)
    for authorizer in year.authorizers:
        authorizer.verify(new)
        for _, token in stolen:
            with pytest.raises(InvalidToken):
                authorizer.verify(token)
    for machine in (*year.readers, year.endpoint):
        accepted = [timed.key for timed in machine.ring.load().verifying]
        assert accepted[0].kid == year.stored().ring.signing[-1].key.kid
        assert not {pair.kid for pair in thefts} & {pair.kid for pair in accepted}

    year.run_seconds(HOUR + 10 * MINUTE)  # longer than any access token lives
    assert year.refused == []
    assert year.accepted_after_their_end == []
    assert year.counts["logins"] == logins
    assert year.counts["replaced"] > 0
