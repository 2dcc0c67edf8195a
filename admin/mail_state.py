"""What Amazon SES says about the sender of a stack, in plain words, with what to do next. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PRODUCTION_ACCESS = "https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html"
Answer = Mapping[str, Any]
"""An answer of the SDK."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact. `next_step` says what to do about it, and is empty if there is nothing to do.

    `is_needed` says that mails do not arrive before that is done.
    """

    subject: str
    fact: str
    next_step: str = ""
    is_needed: bool = False


def findings(
    *, sender: str, identity_name: str, account: Answer, identity: Answer | None, configuration_set: Answer | None
) -> list[Finding]:
    """Return what is to be known about a sender. None is for what Amazon SES does not know."""
    return [
        *_of_account(account),
        *_of_identity(sender, identity_name, identity),
        *_of_configuration_set(configuration_set),
        *(_of_domain(identity_name.rpartition("@")[2], identity) if identity else ()),
    ]


def _of_account(account: Answer) -> Iterator[Finding]:
    quota = account.get("SendQuota", {})
    most, rate, sent = (int(quota.get(name, 0)) for name in ("Max24HourSend", "MaxSendRate", "SentLast24Hours"))
    yield Finding("quota", f"{most} mails in 24 hours and {rate} in a second; {sent} were sent in the last 24 hours")
    if account.get("ProductionAccessEnabled"):
        yield Finding("sandbox", "the account is out of the sandbox: it sends to all addresses")
    else:
        yield Finding(
            "sandbox",
            "the account is in the sandbox: it sends to verified addresses only",
            f"ask AWS for production access, which takes about a day: {PRODUCTION_ACCESS}",
            is_needed=True,
        )
    if not account.get("SendingEnabled") or account.get("EnforcementStatus") == "SHUTDOWN":
        yield Finding(
            "sending",
            f"Amazon SES sends nothing for this account ({account.get('EnforcementStatus', 'unknown')})",
            "see the account dashboard of Amazon SES for the reason",
            is_needed=True,
        )


def _of_identity(sender: str, name: str, identity: Answer | None) -> Iterator[Finding]:
    domain = sender.rpartition("@")[2]
    if name not in (sender, domain) and not domain.endswith(f".{name}"):
        yield Finding(
            "sender",
            f"{sender} does not belong to the identity {name}",
            "set MailIdentity to the domain of MailFrom, or to the address itself",
            is_needed=True,
        )
    if identity is None:
        yield Finding(
            "identity",
            f"Amazon SES does not know {name} in this Region",
            f"verify it: aws sesv2 create-email-identity --email-identity {name}",
            is_needed=True,
        )
    elif not identity.get("VerifiedForSendingStatus"):
        step = (
            "publish the records below, and wait"
            if "@" not in name
            else "open the link in the mail that Amazon SES has sent to it"
        )
        yield Finding("identity", f"{name} is not verified yet", step, is_needed=True)
    else:
        yield Finding("identity", f"{name} is verified")


def _of_configuration_set(configuration_set: Answer | None) -> Iterator[Finding]:
    if configuration_set is None:
        yield Finding("configuration", "the configuration set of the stack is gone", "deploy the stack", is_needed=True)
    elif not configuration_set.get("SendingOptions", {}).get("SendingEnabled", True):
        yield Finding(
            "configuration",
            "the configuration set of the stack is paused",
            "find out who paused it, and why, before you let it send again",
            is_needed=True,
        )


def _of_domain(domain: str, identity: Answer) -> Iterator[Finding]:
    """Tell of the records in the DNS, which Amazon SES looks at itself, except that of DMARC."""
    dkim = identity.get("DkimAttributes", {})
    if dkim.get("Status") == "SUCCESS" and dkim.get("SigningEnabled"):
        yield Finding("DKIM", "mails are signed for your domain")
    else:
        tokens = dkim.get("Tokens", [])
        records = "".join(f"\n    {token}._domainkey.{domain} CNAME {token}.dkim.amazonses.com" for token in tokens)
        yield Finding(
            "DKIM", f"mails are not signed for {domain}", f"publish these records:{records}" if records else ""
        )
    mail_from = identity.get("MailFromAttributes", {})
    if mail_from.get("MailFromDomain") and mail_from.get("MailFromDomainStatus") == "SUCCESS":
        yield Finding("SPF", f"mails return to {mail_from['MailFromDomain']}, which is yours")
    else:
        yield Finding(
            "SPF",
            "mails return to a domain of Amazon SES; with DKIM that is enough for DMARC",
            "optional: give the identity a MAIL FROM domain",
        )
    yield Finding(
        "DMARC",
        "Amazon SES does not look at it",
        f'publish, if there is none: _dmarc.{domain} TXT "v=DMARC1; p=quarantine"',
    )
