"""`/service/token`: signed tokens for `/v2/`."""

import base64
import hashlib
import json
import secrets
import time
from datetime import datetime, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .http_server import Response

SERVICE = "harbor-registry"
LIFETIME = 1800


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Tokens:
    """Issues and checks RS256 tokens with a key made at start."""

    def __init__(self):
        self.key_ = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.key_.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        text = base64.b32encode(hashlib.sha256(public).digest()[:30]).decode()
        self.kid_ = ":".join(text[start : start + 4] for start in range(0, 48, 4))

    def issue(self, subject, access):
        issued = int(time.time())
        header = {"alg": "RS256", "kid": self.kid_, "typ": "JWT"}
        claims = {"iss": "harbor-token-issuer", "sub": subject, "aud": SERVICE}
        claims |= {"exp": issued + LIFETIME, "nbf": issued, "iat": issued}
        claims |= {"jti": secrets.token_urlsafe(12), "access": access}
        if not subject:
            del claims["sub"]
        signed = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
        signature = self.key_.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{encode(signature)}"

    def claims(self, token):
        """The claims of a good token, or None."""
        signed, _, signature = token.rpartition(".")
        try:
            self.key_.public_key().verify(
                decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            claims = json.loads(decode(signed.split(".")[1]))
        except (InvalidSignature, ValueError, IndexError):
            return None
        return claims if claims["exp"] > time.time() else None


def repository_actions(caller, state, name):
    """What the caller may do with a repository, whatever the scope asked for."""
    project = state.by_name.get(name.split("/")[0])
    wanted = ("delete", "push", "pull")
    return [a for a in wanted if project and caller.can(project, "repository", a)]


def access_entry(caller, state, scope):
    kind, _, rest = scope.partition(":")
    name, _, _actions = rest.rpartition(":")
    entry = {"type": kind, "name": name, "actions": []}
    if kind == "repository":
        entry["actions"] = repository_actions(caller, state, name)
    elif (kind, name) == ("registry", "catalog") and caller.sysadmin:
        entry["actions"] = ["*"]
    return entry


def serve_token(request, state, tokens, caller):
    """Without `scope` it proves a password; with any scope, even an empty one, all get 200."""
    if request.method != "GET":
        headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
        return Response(405, headers, b"Method Not Allowed\n")
    service = request.param("service", "")
    if service != SERVICE:
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        return Response(400, headers, f"Unable to handle service: {service}".encode())
    scopes = [value for key, value in request.pairs if key == "scope"]
    if not scopes and not caller.authenticated:
        return Response(401)
    names = [name for scope in scopes for name in scope.split(" ") if name]
    access = [access_entry(caller, state, name) for name in names] or None
    issued = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = tokens.issue(caller.name, access)
    answer = {"token": token, "access_token": "", "expires_in": LIFETIME, "issued_at": issued}
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return Response(200, headers, json.dumps(answer, indent=2).encode())


