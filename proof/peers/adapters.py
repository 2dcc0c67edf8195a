"""The other systems' HTTP: how a client of each one signs in, refreshes, calls an API and logs out."""

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import urlencode

from proof.peers.http import Answer, Refused, Unavailable
from proof.peers.peer import NoRoute, Session, Tokens

PASSWORD = "a fine long passphrase"
VERIFIER = "a-verifier-of-pkce-that-is-the-same-for-every-client"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECTS = 12  # of one sign-in


class CodeClient(Session):
    """A public OAuth client with PKCE (RFC 7636): sign-in by code, refresh, and revocation (RFC 7009)."""

    AUTHORIZE = TOKEN = REVOKE = API = ""
    REDIRECT_URI = "https://app.example.com/callback"
    SCOPE = ""
    CLIENT_ID = "app"

    def parameters(self) -> dict[str, str]:
        """Return what else the system wants in the request of a sign-in."""
        return {}

    def cookies(self) -> dict[str, str]:
        """Return the cookies with which the sign-in begins."""
        return {}

    @property
    def client_id(self) -> str:
        """The client's id."""
        return self.CLIENT_ID

    def login(self) -> Tokens:
        """Sign in, as a browser that follows redirects."""
        asked = {
            "client_id": self.client_id,
            "redirect_uri": self.REDIRECT_URI,
            "response_type": "code",
            "scope": self.SCOPE,
            "state": "x",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | self.parameters()
        jar, path = self.cookies(), f"{self.AUTHORIZE}?{urlencode(asked)}"
        for _ in range(REDIRECTS):
            sent = {"X-User": self.user, "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
            answer = self.client.granted("GET", path, headers=sent)
            jar |= answer.cookies
            if answer.location.startswith(self.REDIRECT_URI):
                return self._exchanged(answer)
            path = answer.location.removeprefix(f"http://127.0.0.1:{self.client.port}")
        raise Unavailable(f"the sign-in leads nowhere: {path}")

    def _exchanged(self, answer: Answer) -> Tokens:
        given = {"grant_type": "authorization_code", "code": answer.query["code"], "code_verifier": VERIFIER}
        return self._tokens(given | {"redirect_uri": self.REDIRECT_URI})

    def refresh(self, refresh: str) -> Tokens:
        """Refresh (RFC 6749 §6)."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": refresh})

    def _tokens(self, given: Mapping[str, str]) -> Tokens:
        answer = self.client.granted("POST", self.TOKEN, form={**given, "client_id": self.client_id}).json
        return Tokens(answer.get("refresh_token", given.get("refresh_token", "")), answer["access_token"])

    def call(self, access: str) -> None:
        """Call a route that checks the access token."""
        self.client.granted("GET", self.API, headers={"Authorization": f"Bearer {access}"})

    def logout(self, tokens: Tokens) -> None:
        """Revoke the refresh token."""
        form = {"token": tokens.refresh, "token_type_hint": "refresh_token", "client_id": self.client_id}
        self.client.granted("POST", self.REVOKE, form=form)


class OidcProvider(CodeClient):
    """node-oidc-provider. Its userinfo route checks access tokens."""

    AUTHORIZE, TOKEN, REVOKE, API = "/auth", "/token", "/token/revocation", "/me"
    REDIRECT_URI = "http://127.0.0.1/callback"
    SCOPE = "openid offline_access"

    def parameters(self) -> dict[str, str]:
        """Say who signs in, and ask for consent, without which there is no refresh token."""
        return {"login_hint": self.user, "prompt": "consent"}


class OpenAuth(CodeClient):
    """OpenAuth. Its own client verifies access tokens at the API."""

    AUTHORIZE, TOKEN, API = "/authorize", "/token", "/api"
    REDIRECT_URI = "http://127.0.0.1/callback"

    def logout(self, tokens: Tokens) -> None:  # noqa: ARG002 - there is nothing to do
        """Say that there is no route: the issuer has none that ends a session."""
        raise NoRoute


class OAuthToolkit(CodeClient):
    """django-oauth-toolkit. Its `ProtectedResourceView` checks access tokens."""

    AUTHORIZE, TOKEN, REVOKE, API = "/o/authorize/", "/o/token/", "/o/revoke_token/", "/api"
    SCOPE = "read"


class SimpleJwt(Session):
    """djangorestframework-simplejwt. `JWTAuthentication` checks access tokens."""

    def login(self) -> Tokens:
        """Sign in with the password."""
        answer = self.client.granted("POST", "/token/", document={"username": self.user, "password": PASSWORD}).json
        return Tokens(answer["refresh"], answer["access"])

    def refresh(self, refresh: str) -> Tokens:
        """Refresh."""
        answer = self.client.granted("POST", "/token/refresh/", document={"refresh": refresh}).json
        return Tokens(answer.get("refresh", refresh), answer["access"])

    def call(self, access: str) -> None:
        """Call a route that checks the access token."""
        self.client.granted("GET", "/api", headers={"Authorization": f"Bearer {access}"})

    def logout(self, tokens: Tokens) -> None:
        """Blacklist the refresh token."""
        self.client.granted("POST", "/token/blacklist/", document={"refresh": tokens.refresh})


class SimpleJwtWithoutBlacklist(SimpleJwt):
    """The same without the app of the blacklist: nothing can end a session."""

    def logout(self, tokens: Tokens) -> None:  # noqa: ARG002 - there is nothing to do
        """Say that there is no route."""
        raise NoRoute


class BetterAuthCookie(Session):
    """Better Auth's session cookie, which is both tokens: its own server reads the session for each request."""

    def login(self) -> Tokens:
        """Sign up, or sign in if the user exists."""
        given = {"email": f"{self.user}@example.com", "name": self.user, "password": PASSWORD}
        try:
            answer = self.posted("sign-up/email", given)
        except Unavailable:  # 422: there is such a user
            answer = self.posted("sign-in/email", given)
        return Tokens(self.cookie(answer, ""), self.cookie(answer, ""))

    def refresh(self, refresh: str) -> Tokens:
        """Ask for the session, which also moves its end."""
        answer = self.client.granted("GET", "/api/auth/get-session", headers={"Cookie": refresh})
        if answer.json is None:  # 200 without a session
            raise Refused("no session")
        return Tokens(self.cookie(answer, refresh), self.cookie(answer, refresh))

    def call(self, access: str) -> None:
        """Ask for the session."""
        self.refresh(access)

    def logout(self, tokens: Tokens) -> None:
        """Sign out."""
        self.posted("sign-out", {}, cookie=tokens.refresh)

    def posted(self, route: str, document: Mapping[str, str], cookie: str = "") -> Answer:
        """Return the answer to a request from the server's own pages."""
        headers = {"Origin": f"http://127.0.0.1:{self.client.port}", "Cookie": cookie}
        return self.client.granted("POST", f"/api/auth/{route}", document=document, headers=headers)

    @staticmethod
    def cookie(answer: Answer, otherwise: str) -> str:
        """Return the cookie of the session as it is sent back."""
        name = "better-auth.session_token"
        return f"{name}={answer.cookies[name]}" if answer.cookies.get(name) else otherwise


class BetterAuthJwt(BetterAuthCookie):
    """Better Auth's session cookie as refresh token, and the JWT of its plugin, for an API that is another server."""

    def login(self) -> Tokens:
        """Sign in, and get a JWT."""
        return self.refresh(super().login().refresh)

    def refresh(self, refresh: str) -> Tokens:
        """Get a JWT."""
        answer = self.client.granted("GET", "/api/auth/token", headers={"Cookie": refresh})
        return Tokens(self.cookie(answer, refresh), answer.json["token"])

    def call(self, access: str) -> None:
        """Call a route that verifies the JWT."""
        self.client.granted("GET", "/api/of-others", headers={"Authorization": f"Bearer {access}"})


class BetterAuthOAuth(CodeClient):
    """Better Auth's OAuth provider. Its userinfo route checks access tokens."""

    AUTHORIZE, TOKEN = "/api/auth/oauth2/authorize", "/api/auth/oauth2/token"
    REVOKE, API = "/api/auth/oauth2/revoke", "/api/auth/oauth2/userinfo"
    SCOPE = "openid offline_access"

    def cookies(self) -> dict[str, str]:
        """Sign in at the server's own pages."""
        cookie = BetterAuthCookie(self.client.port, self.number).login().refresh
        name, _, value = cookie.partition("=")
        return {name: value}

    @property
    def client_id(self) -> str:
        """The id that the server drew when it started."""
        answer: str = self.client.granted("GET", "/client").json["client_id"]
        return answer
