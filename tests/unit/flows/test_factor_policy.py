"""The setting of who must have a second factor."""

from dataclasses import replace

import pytest

from edge_auth.flows.factors.factor_policy import FactorPolicy
from tests.support.deployment import Deployment


@pytest.mark.parametrize(
    ("setting", "roles", "is_demanded"),
    [
        ("optional", ("admin",), False),
        ("optional", ("",), False),
        ("everybody", (), True),
        ("everybody", ("admin",), True),
        ("role:admin", ("admin",), True),
        ("role:admin", ("reader", "admin"), True),
        ("role:admin", ("reader", "administrator"), False),
        ("role:admin", (), False),
        ("role:a:b", ("a:b",), True),
        ("admin", ("admin",), False),
        ("off", ("XX",), False),
    ],
)
def test_the_setting_says_who_must_have_a_factor(
    deployment: Deployment, setting: str, roles: tuple[str, ...], *, is_demanded: bool
) -> None:
    """SA8: nobody, everybody, or whoever has the role, whose name may have a colon."""
    assert FactorPolicy.of(setting).demands_of(replace(deployment.alice, roles=roles)) is is_demanded
