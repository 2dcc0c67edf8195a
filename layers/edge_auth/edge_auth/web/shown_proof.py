"""What a user shows to prove something, in the parameters of a request."""

from edge_auth.errors import InvalidRequest
from edge_auth.flows.accounts.shown_proof import Shown
from edge_auth.web.body import Parameters


def shown_in(parameters: Parameters) -> Shown:
    """Return the proof of a link, or the user name and the code.

    Raises:
        InvalidRequest: neither is there, or both are.

    """
    if parameters.has("proof") == parameters.has("code"):
        raise InvalidRequest("a request has either a proof or a code")
    if parameters.has("proof"):
        return Shown(proof=parameters.text("proof"))
    return Shown(username=parameters.text("username"), code=parameters.text("code"))
