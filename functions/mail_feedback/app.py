"""Takes EventBridge's events of mails that came back. Deployed only where our own mailer sends the mails."""

import os
from collections.abc import Mapping

from edge_auth.adapters.aws import dynamodb_client
from edge_auth.adapters.dynamodb.bounces import DynamoDBBounces
from edge_auth.clock import now_ms
from edge_auth.flows.mail.mark_address import MarkAddress
from edge_auth.mail.feedback import feedback_from
from edge_auth.observability import FunctionLog
from edge_auth.settings.mail_feedback import MailFeedbackSettings
from edge_auth.settings.reading import read_settings

settings = read_settings(MailFeedbackSettings, os.environ)
log = FunctionLog("mail_feedback")
mark_address = MarkAddress(
    bounces=DynamoDBBounces(dynamodb_client(), table=settings.identities_table), clock=now_ms, record=log.record
)


def handler(event: Mapping[str, object], context: object) -> None:
    """Mark the addresses of an event. Lambda repeats an event whose call fails, twice."""
    log.begin(context)
    mark_address(feedback_from(event))
