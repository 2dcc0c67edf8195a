"""The address of a user who registers: a mail goes to it, and perhaps it must be confirmed before the first login."""

import re
from contextlib import suppress
from dataclasses import replace

from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.errors import EmailRefused, InvalidRequest
from edge_auth.flows.accounts.new_challenge import NewChallenge
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.challenges import Challenges, NewerChallenge
from edge_auth.mail_address import canonical_address
from edge_auth.throttling.limits import mail_limit

# RFC 5646 §2.1: a language, and two subtags at most. docs/openapi.yaml has the same pattern.
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")


class ConfirmNewUser:
    """The port `flows.accounts.register.Confirmation`."""

    def __init__(
        self, *, rates: Rates, challenges: Challenges, new_challenge: NewChallenge, must_confirm: bool
    ) -> None:
        """Keep what is needed. `must_confirm` says that a user cannot log in before the address is confirmed."""
        self._rates = rates
        self._challenges = challenges
        self._new_challenge = new_challenge
        self._must_confirm = must_confirm

    def of_new_user(self, identity: Identity, email: str, language: str, *, now_ms: int) -> Identity:
        """Return the user with the address, and with the status that it has until it is confirmed.

        Raises:
            EmailRefused: no mail can be sent to the address, or one is needed and there is none, or the user name is
                another one.
            InvalidRequest: the language is no language tag.
            TooManyAttempts: too many mails went to this address.

        """
        if language and not _LANGUAGE.fullmatch(language):
            raise InvalidRequest("language")
        named = _address_in(identity.username)
        found = canonical_address(email) if email else named
        if not found:
            if self._must_confirm:
                raise EmailRefused("an address is needed")
            return replace(identity, language=language)
        if self._must_confirm and named and named != found:
            raise EmailRefused("the user name is an address, and that one has to be confirmed")
        self._rates.book(mail_limit(found), now_ms=now_ms)
        return replace(identity, email=found, language=language, status=UNCONFIRMED if self._must_confirm else ACTIVE)

    def ask(self, identity: Identity) -> None:
        """Store the challenge, if there is an address. Raises TemporarilyUnavailable."""
        if identity.email:
            with suppress(NewerChallenge):  # the user is new, so it is one that the user has asked for just now
                self._challenges.put(self._new_challenge.confirm(identity, identity.email))


def _address_in(username: str) -> str:
    """Return the user name if it is an address, or an empty text."""
    try:
        return canonical_address(username) if "@" in username else ""
    except EmailRefused:
        return ""
