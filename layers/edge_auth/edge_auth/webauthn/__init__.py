"""Web Authentication (WebAuthn Level 3): verifies what a passkey has signed. Pure; makes no call."""
