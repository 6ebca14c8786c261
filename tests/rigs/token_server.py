"""A docker-token server: grants scopes by a small table and signs JWTs that a real docker-registry accepts.

As https://distribution.github.io/distribution/spec/auth/token/ describes; `x5c` or `kid` header, RS256 or ES256.
With `backend` it also forwards every other path there, so that registry and realm share one origin.
"""

import base64
import hashlib
import http.client
import http.server
import json
import secrets
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from rigs.certificates import self_signed

SERVICE, ISSUER = "rig-registry", "rig-tokens"


class Signer:
    """One key with its self-signed certificate; token() makes a JWT."""

    def __init__(self, algorithm="ES256", header="x5c"):
        self._algorithm, self._header = algorithm, header
        self._key = (rsa.generate_private_key(65537, 2048) if algorithm == "RS256"
                     else ec.generate_private_key(ec.SECP256R1()))
        self._certificate = self_signed(self._key, ISSUER)

    def pem(self):
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def token(self, account, access, life):
        now = int(time.time())
        header = {"typ": "JWT", "alg": self._algorithm, **self._key_header()}
        claims = {"iss": ISSUER, "sub": account, "aud": SERVICE, "exp": now + life, "nbf": now - 10, "iat": now,
                  "jti": secrets.token_hex(8), "access": access}
        signed = b".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        return (signed + b"." + _base64(self._sign(signed))).decode()

    def _key_header(self):
        if self._header == "x5c":
            der = self._certificate.public_bytes(serialization.Encoding.DER)
            return {"x5c": [base64.b64encode(der).decode()]}
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        text = base64.b32encode(hashlib.sha256(public).digest()[:30]).decode()
        return {"kid": ":".join(text[at:at + 4] for at in range(0, len(text), 4))}

    def _sign(self, data):
        if self._algorithm == "RS256":
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class TokenServer:
    """Serves /token on a free loopback port from start() to stop().

    `users` is {name: password}. `grants(user or "", type, name, actions)` answers the granted actions; by default
    users may do everything and anonymous callers pull what lies under public/. Every token request is kept in
    `requests` as {"user", "scopes", "status"}.
    """

    def __init__(self, users, signer=None, grants=None, life=300):
        self.users, self.signer, self.life = users, signer or Signer(), life
        self.grants = grants or default_grants
        self.requests = []
        self.backend = None  # (host, port)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.realm = self.origin + "/token"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, query, authorization):
        """(status, document) of one token request."""
        user = self._user(authorization)
        scopes = query.get("scope", [])
        status = 401 if user is None else 200
        self.requests.append({"user": user or "", "scopes": scopes, "status": status})
        if user is None:
            return 401, {"errors": [{"code": "UNAUTHORIZED", "message": "wrong user name or password"}]}
        access = [granted for scope in " ".join(scopes).split() if (granted := self._grant(user, scope))]
        return 200, {"token": self.signer.token(user, access, self.life), "expires_in": self.life}

    def _user(self, authorization):
        """The caller's name, "" for anonymous, None for a wrong password."""
        if not authorization:
            return ""
        try:
            name, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        except ValueError:
            return None
        return name if self.users.get(name) == password else None

    def _grant(self, user, scope):
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        granted = self.grants(user, kind, name, actions.split(","))
        return {"type": kind, "name": name, "actions": granted} if granted else None

    def _handler(self):
        tokens = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                url = urllib.parse.urlsplit(self.path)
                if url.path == "/token":
                    if self.command != "GET":
                        return self.reply(405, {}, b"")
                    status, document = tokens.answer(urllib.parse.parse_qs(url.query),
                                                     self.headers.get("Authorization"))
                    return self.reply(status, {"Content-Type": "application/json"}, json.dumps(document).encode())
                if not tokens.backend:
                    return self.reply(404, {}, b"")
                return self.forward()

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(*tokens.backend)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                self.reply(answer.status, dict(answer.getheaders()), answer.read())
                connection.close()

            def reply(self, status, headers, body):
                self.send_response(status)
                length = headers.get("Content-Length") if self.command == "HEAD" else None
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date"):
                        self.send_header(name, value)
                self.send_header("Content-Length", length or str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


def default_grants(user, kind, name, actions):
    if user:
        return actions
    return ["pull"] if kind == "repository" and name.startswith("public/") and "pull" in actions else []


def _base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")
