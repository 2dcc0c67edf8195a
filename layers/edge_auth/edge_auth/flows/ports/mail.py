"""What the mailer needs: the challenges that stand, and the post."""

from collections.abc import Callable, Mapping

from edge_auth.mail.render import Mail

StandingProof = Callable[[str], str]
"""Takes the key of a challenge, and returns the id of its proof, strongly consistent; empty if there is none any more.

Raises TemporarilyUnavailable.
"""

Post = Callable[[Mail, Mapping[str, str]], None]
"""Sends a mail. The mapping has the tags by which a bounce is recognised.

Raises:
    MailRefused: this mail will never be sent.
    TemporarilyUnavailable: it was not sent, or perhaps it was. The same call may be made again.

"""


class MailRefused(Exception):
    """The post takes everything but this mail. The text is its error code."""
