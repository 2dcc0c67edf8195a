"""Says in one line why something failed."""

import traceback
from pathlib import Path

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - the SDK's own name
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

SDK_ERRORS = (BotoCoreError, ClientError, ResponseParserError)

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
UNKNOWN = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidSignatureException", "SignatureDoesNotMatch"}
)
LOCAL = "http://127.0.0.1"


def reason(error: BaseException) -> str:  # noqa: PLR0911 - one line for each kind of error
    """Return the reason: what AWS answered, what is missing on this machine, or which error was not expected."""
    match error:
        case ClientError():
            return _answer(error)
        case BotoCoreError():
            return _of_the_sdk(error)
        case ResponseParserError():
            return "the answer is not one of AWS; is a proxy between?"
        case KeyboardInterrupt():
            return "interrupted"
        case EOFError():
            return "there is no terminal for a question, such as for an MFA code"
        case OSError():
            return f"{type(error).__name__}: {one_line(str(error))}"
        case _:
            # Only type and place: the text may hold a secret.
            place = traceback.extract_tb(error.__traceback__)[-1]
            file = Path(place.filename).name
            return f"an error of this program: {type(error).__name__} in {file}, line {place.lineno}"


def code_of(error: ClientError) -> str:
    """Return AWS's error code, such as `AccessDenied`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def one_line(text: str) -> str:
    """Return a text without line ends."""
    return " ".join(text.split())


def _answer(error: ClientError) -> str:
    code = code_of(error)
    if code in EXPIRED:
        return f"the AWS credentials have expired ({code}); log in to AWS again"
    if code in UNKNOWN:
        return f"AWS does not accept the credentials ({code}); log in to AWS, or choose another profile with --profile"
    return f"{error.operation_name}: {code}: {one_line(error.response.get('Error', {}).get('Message', ''))}"


def _of_the_sdk(error: BotoCoreError) -> str:
    match error:
        case ProfileNotFound():
            return f"the AWS configuration has no profile {error.kwargs['profile']}"
        case NoRegionError():
            return "no Region is set; give --region, or set AWS_REGION or the Region of your profile"
        case NoCredentialsError() | PartialCredentialsError():
            return "there are no AWS credentials; log in to AWS, or choose another profile with --profile"
        case ConnectionError() | HTTPClientError():
            address = str(error.kwargs.get("endpoint_url", "AWS"))
            hint = "; is `make run` running?" if address.startswith(LOCAL) else ""
            return f"no answer from {address} ({type(error).__name__}){hint}"
        case _:
            return f"{type(error).__name__}: {one_line(str(error))}"
