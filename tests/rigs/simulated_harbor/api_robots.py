"""Robot accounts, users and what a caller may do."""

import re

from .access import (
    require_authenticated,
    require_project,
    require_system,
    system_rights,
)
from .api import bad_request, body_of, route
from .http_server import ApiError, Response, json_response
from .paging import Listing, page_response, select
from .permissions import ROBOT_PROJECT, ROBOT_SYSTEM, as_objects
from .state import now

NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
WEAK = (
    "the secret must be 8-128, inclusively, characters long with at least 1 uppercase letter,"
    " 1 lowercase letter and 1 number"
)
ROBOT_KEYS = {"name": lambda r: r.name, "id": lambda r: r.id, "creation_time": lambda r: r.created}


def robot_view(robot):
    view = {
        "creation_time": robot.created,
        "creator_ref": robot.creator_ref,
        "creator_type": robot.creator_type,
        "disable": robot.disabled,
        "duration": robot.duration,
        "editable": True,
        "expires_at": robot.expires_at,
        "id": robot.id,
        "level": robot.level,
        "name": robot.name,
        "permissions": robot.permissions,
        "update_time": robot.updated,
    }
    return view | ({"description": robot.description} if robot.description else {})


def require_robot(context, level, project, action):
    if level == "system":
        require_system(context.caller, "robot", action)
    else:
        require_project(context.caller, project, "robot", action)


@route("GET", "/robots")
def list_robots(context):
    listing, state = Listing.of(context.request), context.state
    level = listing.value("Level") or "system"
    if level not in ("system", "project"):
        raise bad_request("bad request error level input")
    project_id = listing.value("ProjectID")
    if level == "project" and not (project_id or "").isdigit():
        raise bad_request("must with project ID when to query project robots")
    wanted = int(project_id) if level == "project" else 0
    require_robot(context, level, state.projects.get(wanted), "list")
    rows = [r for r in state.robots.values() if r.level == level and r.project_id == wanted]
    rows = select(listing, rows, ROBOT_KEYS, [("name", False)])
    return page_response(context.request, listing, rows, robot_view)


def check_permissions(permissions):
    if not permissions:
        raise bad_request("bad request empty permission")
    for entry in permissions:
        if not entry.get("access"):
            raise bad_request("bad request empty access")
        known = ROBOT_SYSTEM if entry.get("kind") == "system" else ROBOT_PROJECT
        for access in entry["access"]:
            pair = (access.get("resource"), access.get("action"))
            if pair not in known:
                raise bad_request(f"bad request permission: {pair[0]}:{pair[1]}")


def check_namespaces(state, permissions):
    for entry in permissions:
        name = entry.get("namespace")
        if entry.get("kind") == "project" and name != "*" and name not in state.by_name:
            raise ApiError(404, "NOT_FOUND", f"project {name} not found")


def check_duration(duration):
    if duration != -1 and duration <= 0:
        raise bad_request(
            f"bad request error duration input: {duration}, duration must be either -1(Never) or a"
            " positive integer"
        )


def check_robot(document):
    level = document.get("level")
    if level not in ("system", "project"):
        raise bad_request(f"bad request error level input: {level}")
    if not NAME.fullmatch(document.get("name") or ""):
        raise bad_request("robot name is not in lower case or contains illegal characters")
    check_duration(document.get("duration", 0))
    check_permissions(document.get("permissions"))


def creator_of(caller):
    if caller.kind == "robot":
        return {"creator_type": "robot", "creator_ref": caller.robot.id}
    return {"creator_type": "local", "creator_ref": caller.user.id}


@route("POST", "/robots")
def create_robot(context):
    document, state = body_of(context, "robot"), context.state
    require_authenticated(context.caller)
    check_robot(document)
    level, permissions = document["level"], document["permissions"]
    name, project = document["name"], None
    prefix = state.settings["robot_name_prefix"]
    if level == "project":
        namespace = permissions[0]["namespace"]
        project = state.by_name.get(namespace)
        require_project(context.caller, project, "robot", "create")
        if project is None:
            raise ApiError(404, "NOT_FOUND", f"project {namespace} not found")
        name = f"{project.name}+{name}"
    else:
        require_system(context.caller, "robot", "create")
        check_namespaces(state, permissions)
    if state.find_robot(prefix + name):
        number = project.id if project else 0
        state.next_id("robot")  # a refused insert takes a number too
        message = f"robot account {number}:{name} already exists"
        raise ApiError(409, "CONFLICT", message)
    robot = state.add_robot(
        prefix + name,
        level,
        permissions,
        document["duration"],
        project_id=project.id if project else 0,
        description=document.get("description") or "",
        disabled=bool(document.get("disable")),
        **creator_of(context.caller),
    )
    shown = {"creation_time": robot.created, "expires_at": robot.expires_at, "id": robot.id}
    shown |= {"name": robot.name, "secret": robot.secret}
    return json_response(shown, 201, {"Location": f"/api/v2.0/robots/{robot.id}"})


def robot_for(context, action):
    require_authenticated(context.caller)
    number = context.params["robot"]
    robot = context.state.robots.get(int(number)) if number.isdigit() else None
    if robot is None:
        raise ApiError(404, "NOT_FOUND", f"robot {number} not found")
    project = context.state.projects.get(robot.project_id)
    require_robot(context, robot.level, project, action)
    return robot


@route("GET", "/robots/{robot}")
def get_robot(context):
    return json_response(robot_view(robot_for(context, "read")))


@route("PUT", "/robots/{robot}")
def update_robot(context):
    document = body_of(context, "robot")
    robot = robot_for(context, "update")
    if document.get("level") != robot.level or document.get("name") != robot.name:
        raise bad_request("cannot update the level or name of robot")
    duration = document.get("duration", robot.duration)
    check_duration(duration)
    check_permissions(document.get("permissions"))
    check_namespaces(context.state, document["permissions"])
    if duration != robot.duration:
        robot.live(duration)
    robot.allow(document["permissions"])
    robot.disabled = bool(document.get("disable"))
    robot.description = document.get("description") or ""
    robot.updated = now()
    return Response(200)


@route("PATCH", "/robots/{robot}")
def refresh_secret(context):
    """A new secret is shown once; one's own is taken when it is strong enough."""
    document = body_of(context, "robotSec")
    robot = robot_for(context, "update")
    secret = document.get("secret")
    if not secret:
        robot.secret = context.state.new_secret()
        return json_response({"secret": robot.secret})
    patterns = ("[a-z]", "[A-Z]", "[0-9]")
    if not 8 <= len(secret) <= 128 or not all(re.search(p, secret) for p in patterns):
        raise bad_request(WEAK)
    robot.secret = secret
    return json_response({})


@route("DELETE", "/robots/{robot}")
def delete_robot(context):
    robot = robot_for(context, "delete")
    del context.state.robots[robot.id]
    return Response(200)


# users


def user_view(user):
    view = {
        "admin_role_in_auth": False,
        "creation_time": user.created,
        "realname": user.realname,
        "sysadmin_flag": user.sysadmin,
        "update_time": user.updated,
        "user_id": user.id,
        "username": user.username,
    }
    return view | {k: v for k, v in (("comment", user.comment), ("email", user.email)) if v}


@route("GET", "/users")
def list_users(context):
    """All but the first administrator."""
    listing = Listing.of(context.request)
    require_system(context.caller, "user", "list")
    keys = {"username": lambda u: u.username, "email": lambda u: u.email}
    rows = [u for u in context.state.users.values() if u.id != 1]
    rows = select(listing, rows, keys, [("username", False)])
    return page_response(context.request, listing, rows, user_view)


@route("POST", "/users")
def create_user(context):
    document = body_of(context, "userReq")
    require_system(context.caller, "user", "create")
    fields = {k: document.get(k) or "" for k in ("username", "password", "email", "realname")}
    if not fields["username"] or not fields["password"]:
        raise bad_request("bad request: username and password are required")
    users = context.state.users.values()
    if any(fields["username"] == u.username or fields["email"] == u.email for u in users):
        message = f"user {fields['username']} or email {fields['email']} already exists"
        raise ApiError(409, "CONFLICT", message)
    user = context.state.add_user(**fields, comment=document.get("comment") or "")
    return Response(201, {"Location": f"/api/v2.0/users/{user.id}"})


@route("DELETE", "/users/{user}")
def delete_user(context):
    require_system(context.caller, "user", "delete")
    number = context.params["user"]
    if not number.isdigit() or int(number) not in context.state.users:
        raise ApiError(404, "NOT_FOUND", f"user {number} not found")
    user = context.state.users[int(number)]
    for project in context.state.projects.values():
        project.members = [m for m in project.members if m.user_id != user.id]
    user.username, user.email = f"{user.username}#{user.id}", f"{user.email}#{user.id}"
    user.password = context.state.new_secret()
    return Response(200)


@route("GET", "/users/current")
def current_user(context):
    require_authenticated(context.caller)
    if context.caller.kind != "local":
        message = f"get current user not available for security context: {context.caller.kind}"
        raise ApiError(412, "PRECONDITION", message)
    return json_response(user_view(context.caller.user))


def scoped_rights(context, scope):
    """[(resource, action)] with "" for the scope's own resource, or [] for a scope unknown."""
    if scope == "/system":
        return system_rights(context.caller)
    kind, _, number = scope.rpartition("/")
    if kind != "/project" or not number.isdigit():
        return []
    project = context.state.projects.get(int(number))
    if project is None and not context.caller.sysadmin:
        return []
    return context.caller.shown_rights(project)


@route("GET", "/users/current/permissions")
def current_permissions(context):
    require_authenticated(context.caller)
    scope = context.request.param("scope") or ""
    relative = context.request.param("relative") == "true"
    rights = scoped_rights(context, scope)
    if scope == "/system":
        return json_response([] if relative else as_objects(rights))
    own, prefix = (".", "") if relative else (scope, scope + "/")
    named = [(own if name == "project" else prefix + name, action) for name, action in rights]
    return json_response(as_objects(named))


@route("GET", "/permissions")
def permission_catalogue(context):
    """For administrators of the system or of any project."""
    caller = context.caller
    if not caller.authenticated:
        raise ApiError(401, "UNAUTHORIZED", "")
    catalogue = {"project": as_objects(ROBOT_PROJECT)}
    if caller.sysadmin:
        return json_response(catalogue | {"system": as_objects(ROBOT_SYSTEM)})
    projects = context.state.projects.values()
    if caller.kind == "local" and any(1 in (caller.roles(p) or []) for p in projects):
        return json_response(catalogue | {"system": None})
    message = "forbidden: only admins(system and project) can access permissions"
    raise ApiError(403, "FORBIDDEN", message)
