"""A device on which a user has logged in before, as its token shows: it has limits of its own."""

import hmac

from edge_auth.accounts.identity import Identity
from edge_auth.keys.ring import KeysInForce
from edge_auth.tokens import device_token as device_tokens
from edge_auth.tokens.device_token import DeviceToken, NoDeviceToken


def device_of(user: Identity, device_id: str) -> DeviceToken:
    """Return the device token of this user as it is now."""
    return device_tokens.bound(user.user_id, device_id, epoch=user.epoch, password_hash=user.password_hash)


def is_device_of(user: Identity, device: DeviceToken) -> bool:
    """Whether the token is of this user, who has not changed since the login."""
    return hmac.compare_digest(device_of(user, device.device_id).binding, device.binding)


def known_device(user: Identity, presented: str, keys: KeysInForce) -> str:
    """Return the id of the device. Makes no call.

    Raises:
        NoDeviceToken: the text is no token of this user, or the user has changed since the login.

    """
    device = device_tokens.parse(presented, keys.mac_keys, username=user.username)
    if not is_device_of(user, device):
        raise NoDeviceToken
    return device.device_id
