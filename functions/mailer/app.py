"""Reads the stream of the challenges table and sends the mails. Deployed only where mail is on."""

import os
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from edge_auth.adapters.aws import dynamodb_client, secrets_client, ses_client
from edge_auth.adapters.dynamodb.attempts import DynamoDBAttempts
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.adapters.ses import SesPost
from edge_auth.clock import now_ms
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.mail.send_mails import SendMails
from edge_auth.mail.render import Letterhead
from edge_auth.observability import FunctionLog
from edge_auth.settings.mailer import MailerSettings
from edge_auth.settings.reading import read_settings

settings = read_settings(MailerSettings, os.environ)
log = FunctionLog("mailer")
service = settings.mail_name or urlsplit(settings.pages_url).hostname or ""
dynamodb = dynamodb_client()
send_mails = SendMails(
    key_ring=SecretKeyRing(secrets_client(), secret_id=settings.key_ring_secret, clock=now_ms),
    challenges=DynamoDBChallenges(dynamodb, table=settings.challenges_table),
    post=SesPost(
        ses_client(), address=settings.mail_from, name=service, configuration_set=settings.mail_configuration_set
    ),
    rates=Rates(DynamoDBAttempts(dynamodb, table=settings.throttle_table)),
    letterhead=Letterhead(settings.pages_url, service, settings.mail_language),
    clock=now_ms,
    record=log.record,
    broken=log.broken,
)


def handler(event: Mapping[str, Sequence[Mapping[str, object]]], context: object) -> dict[str, list[dict[str, str]]]:
    """Send the mails of a batch. The answer names the record from which Lambda has to pass them on again.

    AWS Lambda Developer Guide, "Configuring partial batch response with DynamoDB".
    """
    log.begin(context)
    again = send_mails(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": again}] if again else []}
