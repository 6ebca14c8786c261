"""Debian's docker-registry 2.8, and Distribution 3, in the set-ups that operators run."""

import json
import os
import subprocess

from rigs import goproxy
from rigs.certificates import Authority
from rigs.process import Rig, program
from rigs.push import Pusher, push_many
from rigs.token_server import TokenServer


class DockerRegistry(Rig):
    """One running registry. After entering:

    address           base address, with scheme and prefix
    username/password an account that may do everything, or None where there are no accounts
    ca, client        PEM file of the authority; (certificate, key) that the server asks for; or None
    tokens            the TokenServer, or None

    Variants: anonymous htpasswd token token-elsewhere tls mtls prefix no-delete many (1,200 repositories).
    `token` serves realm and registry from one origin, `token-elsewhere` from two.
    """

    VARIANTS = ("anonymous", "htpasswd", "token", "token-elsewhere", "tls", "mtls", "prefix", "no-delete", "many")

    def __init__(self, variant="anonymous", *, password="correct horse battery", certificate_days=90,
                 certificate_names=("localhost", "127.0.0.1"), signer=None, grants=None, token_life=300):
        super().__init__()
        if variant not in self.VARIANTS:
            raise ValueError(f"{variant}: one of {self.VARIANTS}")
        self.variant = variant
        self.username, self.password = None, None
        self.ca, self.client, self.tokens = None, None, None
        self._account = ("tester", password)
        self._certificate = {"days": certificate_days, "names": certificate_names}
        self._token = {"signer": signer, "grants": grants, "life": token_life}

    def start(self):
        scheme, prefix = "http", ""
        config = {
            "version": "0.1", "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")},
                        "delete": {"enabled": self.variant != "no-delete"},
                        "maintenance": {"uploadpurging": {"enabled": False}}},
            "validation": {"manifests": {"urls": {"allow": ["^https://example\\.invalid/"]}}},  # foreign layers
            "http": {"addr": "127.0.0.1:0", "secret": "rig"},
        }
        if self.variant == "htpasswd":
            config["auth"] = self._htpasswd()
        elif self.variant.startswith("token"):
            config["auth"] = self._token_auth()
        elif self.variant in ("tls", "mtls"):
            scheme, config["http"]["tls"] = "https", self._tls()
        elif self.variant == "prefix":
            prefix = config["http"]["prefix"] = "/team/registry/"
        file = self.folder / "config.yml"
        file.write_text(json.dumps(config))  # JSON is YAML
        self.process = self.child([*self.command(), "serve", file])
        self.port = self.process.port()
        self.address = f"{scheme}://127.0.0.1:{self.port}{prefix.rstrip('/')}"
        if self.variant == "token":
            self.tokens.backend = ("127.0.0.1", self.port)
            self.address = self.tokens.origin
        if self.variant == "many":
            push_many(self, (f"team-{n % 40}/app-{n}" for n in range(1200)))

    def command(self):
        return [program("docker-registry", "docker-registry")]

    def push(self):
        return Pusher(self)

    def fill(self, repositories, tags=("v1",)):
        """push_many for thousands: two are pushed, and what the second then is on the disk is written for the rest."""
        pushed, alike = list(repositories)[:2], list(repositories)[2:]
        push_many(self, pushed, tags=tags)
        root = self.folder / "data/docker/registry/v2/repositories"
        made = root / pushed[-1]
        parts = [(str(path.relative_to(made)), path.read_bytes() if path.is_file() else None)
                 for path in sorted(made.rglob("*"))]
        for repository in alike:
            folder = root / repository
            folder.mkdir(parents=True)
            for name, text in parts:
                if text is None:
                    os.mkdir(f"{folder}/{name}")
                else:
                    with open(f"{folder}/{name}", "xb") as file:
                        file.write(text)

    def _htpasswd(self):
        self.username, self.password = self._account
        line = subprocess.run([program("htpasswd", "apache2-utils"), "-inBC", "4", self.username],
                              input=self.password.encode(), capture_output=True, check=True).stdout
        (self.folder / "htpasswd").write_bytes(line)
        return {"htpasswd": {"realm": "rig", "path": str(self.folder / "htpasswd")}}

    def _token_auth(self):
        self.username, self.password = self._account
        self.tokens = TokenServer({self.username: self.password}, **self._token)
        self.tokens.start()
        self.on_exit(self.tokens.stop)
        (self.folder / "token.pem").write_bytes(self.tokens.signer.pem())
        return {"token": {"realm": self.tokens.realm, "service": "rig-registry", "issuer": "rig-tokens",
                          "rootcertbundle": str(self.folder / "token.pem")}}

    def _tls(self):
        authority = Authority(self.folder)
        certificate, key = authority.server(**self._certificate)
        self.ca = authority.file
        tls = {"certificate": str(certificate), "key": str(key)}
        if self.variant == "mtls":
            self.client = authority.client()
            tls["clientcas"] = [str(self.ca)]
        return tls


class Distribution3(DockerRegistry):
    """The same set-ups on Distribution 3.1, from the Go module proxy; Missing where Go is too old."""

    def command(self):
        return [goproxy.installed("Distribution 3", "github.com/distribution/distribution/v3/cmd/registry", "v3.1.1")]
