"""The route table of `/api/v2.0` and what all its handlers share."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from .access import require_project
from .http_server import ApiError, Request
from .paging import invalid
from .state import State

BASE = "/api/v2.0"
METHODS = ("PUT", "POST", "HEAD", "GET", "DELETE", "PATCH")  # core itself has no fixed order
OTHER_TYPES = ("/ping", "/systeminfo/getcert")  # what answers no JSON
ROUTES = {}  # number of path segments -> [(pattern, method, handler)]


@dataclass
class Context:
    """One request on its way through a handler."""

    state: State
    faults: set
    request: Request
    caller: object
    params: dict = field(default_factory=dict)


def route(method, path):
    """Registers a handler; `{x}` in path is one raw segment, given decoded once in params."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def register(handler):
        ROUTES.setdefault(path.count("/"), []).append((pattern, method, handler))
        return handler

    return register


def dispatch(context):
    """Runs the handler of the request's path and method; raises ApiError 404 or 405."""
    request = context.request
    path = request.path[len(BASE) :]
    slash_less = path.rstrip("/")
    found = {}
    for pattern, method, handler in ROUTES.get(slash_less.count("/"), ()):
        if match := pattern.fullmatch(slash_less):
            found.setdefault(method, (handler, match))
    if not found:
        raise ApiError(404, "NOT_FOUND", f"path {request.path} was not found")
    if request.method not in found:
        allowed = ",".join(m for m in METHODS if m in found)
        message = f"method {request.method} is not allowed, but [{allowed}] are"
        raise ApiError(405, "METHOD_NOT_ALLOWED", message)
    handler, match = found[request.method]
    if request.method == "GET" and slash_less not in OTHER_TYPES and not admits_json(request):
        raise invalid("unsupported media type requested, only [application/json] are available")
    context.params = {key: unquote(value) for key, value in match.groupdict().items()}
    return handler(context)


def admits_json(request):
    """Whether Accept allows JSON; a missing header does, an empty one does not."""
    for entry in request.header("accept", "*/*").split(","):
        kind, *parameters = (part.strip() for part in entry.split(";"))
        if kind in ("application/json", "application/*", "*/*"):
            if not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters):
                return True
    return False


def body_of(context, name, types=None):
    """The JSON object of the body; raises Harbor's 422 for none, bad or wrongly typed JSON.

    types: field path -> (Python type, struct name, Go type).
    """
    request = context.request
    if not request.body:
        raise invalid(f"{name} in body is required")
    media_type = (request.header("content-type") or "application/octet-stream").split(";")[0]
    if media_type != "application/json":
        raise invalid(
            f'unsupported media type "{media_type}", only [application/json] are allowed'
        )
    try:
        document = json.loads(request.body)
    except ValueError:
        message = f'parsing {name} body from "" failed, because unexpected EOF'
        raise invalid(message) from None
    if not isinstance(document, dict):
        raise invalid(f'parsing {name} body from "" failed, because json: cannot unmarshal it')
    for path, rule in (types or {}).items():
        check_type(name, document, path, rule)
    return document


def check_type(name, document, path, rule):
    wanted, struct, go_type = rule
    value = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None or (isinstance(value, wanted) and not isinstance(value, bool)):
        return
    kinds = {bool: "bool", str: "string", dict: "object", list: "array"}
    kind = kinds.get(type(value), "number")
    raise invalid(
        f'parsing {name} body from "" failed, because json: cannot unmarshal {kind} into Go'
        f" struct field {struct}.{path} of type {go_type}"
    )


def bad_request(message):
    return ApiError(400, "BAD_REQUEST", message)


def find_project(context, text):
    """By id when it is a number, unless `X-Is-Resource-Name: true`; else by name; or None."""
    by_name = context.request.header("x-is-resource-name").lower() == "true"
    if text.isdigit() and not by_name:
        return context.state.projects.get(int(text))
    return context.state.by_name.get(text)


def project_for(context, resource, action, by_name_only=False):
    """The project of the path for a caller with that right; 401, 403 or 404 otherwise."""
    text = context.params["project"]
    if by_name_only:
        project = context.state.by_name.get(text)
    else:
        project = find_project(context, text)
    require_project(context.caller, project, resource, action)
    if project is None:
        raise ApiError(404, "NOT_FOUND", f"project {text} not found")
    return project
