"""The post: sends a mail with Amazon SES."""

from collections.abc import Mapping
from email.utils import formataddr
from typing import Protocol

from edge_auth.adapters.aws import AwsError, translated_failures
from edge_auth.flows.ports.mail import MailRefused
from edge_auth.mail.render import Mail

# SES API v2, "SendEmail": the content or an address of this one mail is refused. In the sandbox, MessageRejected also
# refuses each address that is not verified. All other errors may pass: too many mails, a paused account, an identity
# that is not verified yet, a right that is missing.
OF_THIS_MAIL = frozenset({"BadRequestException", "MessageRejected"})

# RFC 3834 §5: so that no holiday answer comes back.
_HEADERS = [{"Name": "Auto-Submitted", "Value": "auto-generated"}]


class SesClient(Protocol):
    """The part of the SDK's client that is used."""

    def send_email(self, **members: object) -> object:
        """Send a mail."""


class SesPost:
    """The port `flows.ports.mail.Post`."""

    def __init__(self, client: SesClient, *, address: str, name: str, configuration_set: str) -> None:
        """Send from this address, under this name, by this configuration set."""
        self._client = client
        self._sender = formataddr((name, address))  # RFC 2047 for a name that is not ASCII
        self._configuration_set = configuration_set

    def __call__(self, mail: Mail, tags: Mapping[str, str]) -> None:
        """Send a mail.

        SES knows no repetition: if its answer is lost, a call that is made again sends the mail again.
        """
        try:
            with translated_failures():
                self._client.send_email(
                    FromEmailAddress=self._sender,
                    Destination={"ToAddresses": [mail.to]},
                    Content={
                        "Simple": {
                            "Subject": _utf8(mail.subject),
                            "Body": {"Text": _utf8(mail.text), "Html": _utf8(mail.html)},
                            "Headers": _HEADERS,
                        }
                    },
                    ConfigurationSetName=self._configuration_set,
                    EmailTags=[{"Name": name, "Value": value} for name, value in tags.items()],
                )
        except AwsError as error:
            if error.aws_code in OF_THIS_MAIL:
                raise MailRefused(error.aws_code) from None
            raise


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
