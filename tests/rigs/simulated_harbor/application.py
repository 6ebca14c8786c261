"""The simulated Harbor as one function from request to response: core's chain of middleware."""

import json
import re
import uuid
from collections import Counter

from . import api, api_projects, api_repositories, api_robots, api_system  # noqa: F401 (routes)
from .access import ANONYMOUS, Authenticator, UserCaller
from .http_server import ApiError, Response, json_response
from .state import Referenced, State
from .tokens import Tokens, serve_token
from .v2 import RegistryApi, RegistryDown

CONTROL = "/_simulation/"
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
READ_ONLY = "The system is in read only mode. Any modification is prohibited."
NEVER_READ_ONLY = ("/api/v2.0/configurations", "/service/", "/api/internal/")
NO_DATABASE_NEEDED = ("/api/version", "/api/v2.0/ping", "/api/v2.0/health")
NOT_FOUND_PAGE = (
    b"<!DOCTYPE HTML>\n<html><head><title>404 - Page Not Found</title></head>\n"
    b"<body>404 Not Found (simulated Harbor)</body></html>\n"
)


class Application:
    """Faults: names of components that are down (`database`, `registry`, ...), and `volume`.

    Costs (seconds): `lockout` after a wrong login (and the lock of that user name);
    `password_cost` of processor for each request with a user's password; `quota_row_cost` for
    each row of /quotas. A real 2.15.2 has 1.5, 0.095 and 0.017; the last two are 0 by default.
    """

    def __init__(self, admin_password, lockout=0.1, password_cost=0.0, quota_row_cost=0.0):
        self.state = State(admin_password)
        self.faults = set()
        self.requests = Counter()  # "GET /api/v2.0/projects" -> how many
        self.password_cost = password_cost
        self.quota_row_cost = quota_row_cost
        self.tokens = Tokens()
        self.authenticator = Authenticator(self.state, self.tokens, lockout)
        self.registry = RegistryApi(self.state, self.faults)

    def set_faults(self, components):
        self.faults.clear()
        self.faults.update(components)

    def answer(self, request):
        if request.path.startswith(CONTROL):
            return self.control(request)
        self.requests[f"{request.method} {request.path}"] += 1
        request.path = re.sub(r"/{2,}", "/", request.path)
        refusal = self.refusal(request)
        response = refusal or self.respond(request)
        response.headers["X-Request-Id"] = request.header("x-request-id") or str(uuid.uuid4())
        if refusal is None:
            response.headers["Set-Cookie"] = f"sid={uuid.uuid4().hex}; Path=/; HttpOnly"
        return response

    def refusal(self, request):
        """What is refused before anybody is asked who he is."""
        if request.method in SAFE:
            return None
        if "sid=" in request.header("cookie"):
            headers = {"X-Harbor-Csrf-Token": uuid.uuid4().hex}
            message = "CSRF token not found in request"
            return ApiError(403, "FORBIDDEN", message, headers).response()
        exempt = request.path.startswith(NEVER_READ_ONLY)
        if self.state.settings["read_only"] and not exempt:
            return ApiError(403, "DENIED", READ_ONLY).response()
        return None

    def respond(self, request):
        caller, delay = self.who(request)
        try:
            response = self.route(request, caller)
        except ApiError as error:
            response = error.response()
        except RegistryDown:
            response = Response(502)
        except Referenced:
            message = "the deleting artifact is referenced by others"
            response = ApiError(412, "PRECONDITION", message).response()
        response.delay += delay
        if isinstance(caller, UserCaller):
            response.work += self.password_cost
        return response

    def who(self, request):
        if "database" in self.faults or request.path == "/api/v2.0/ping":
            return ANONYMOUS, 0.0
        return self.authenticator.caller(request, request.path.startswith("/v2/"))

    def route(self, request, caller):
        path = request.path
        if path == "/v2" or path.startswith("/v2/"):
            return self.registry.serve(request, caller)
        if path.rstrip("/") == "/service/token":
            return serve_token(request, self.state, self.tokens, caller)
        if path == "/api/version" and request.method == "GET":
            headers = {"Content-Type": "text/plain; charset=utf-8"}
            return Response(200, headers, b'{"version":"v2.0"}\n')
        if path == "/api/internal/syncquota" and request.method == "POST":
            return self.sync_quota(caller)
        if path == api.BASE or path.startswith(api.BASE + "/"):
            return self.serve_api(request, caller)
        return Response(404, {"Content-Type": "text/html; charset=utf-8"}, NOT_FOUND_PAGE)

    def serve_api(self, request, caller):
        context = api.Context(self.state, self.faults, request, caller)
        if "database" in self.faults and request.path not in NO_DATABASE_NEEDED:
            return self.without_database(context)
        response = api.dispatch(context)
        if request.path == f"{api.BASE}/quotas":
            response.work += self.quota_row_cost * response.body.count(b'"ref"')
        return response

    def without_database(self, context):
        """Nobody can log in: 401 where that is asked for, 500 everywhere else."""
        try:
            api.dispatch(context)
        except ApiError as error:
            if error.status in (401, 404, 405, 422):
                raise
        raise ApiError(500, "UNKNOWN", "internal server error")

    def sync_quota(self, caller):
        if not caller.authenticated:
            raise ApiError(401, "UNAUTHORIZED", "UnAuthorized")
        if not caller.sysadmin:
            raise ApiError(403, "FORBIDDEN", caller.name)
        for project in self.state.projects.values():
            self.state.release(project, set(project.blobs))
        return Response(200)

    # the simulation's own door, for a simulated Harbor in another process

    def control(self, request):
        """GET or DELETE requests; PUT faults, costs; POST seed. Bodies are JSON objects."""
        what = request.path[len(CONTROL) :]
        document = json.loads(request.body) if request.body else {}
        if (request.method, what) == ("GET", "requests"):
            return json_response(dict(self.requests))
        if (request.method, what) == ("DELETE", "requests"):
            self.requests.clear()
        elif (request.method, what) == ("PUT", "faults"):
            self.set_faults(document["down"])
        elif (request.method, what) == ("PUT", "costs"):
            self.authenticator.lockout = document.get("lockout", self.authenticator.lockout)
            self.password_cost = document.get("password_cost", self.password_cost)
            self.quota_row_cost = document.get("quota_row_cost", self.quota_row_cost)
        elif (request.method, what) == ("POST", "seed"):
            self.state.seed_many(**document)
        else:
            return Response(404)
        return Response(200)


