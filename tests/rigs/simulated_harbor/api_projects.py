"""Projects, their members and summaries, and quotas."""

import re

from .access import require_authenticated, require_system
from .api import bad_request, body_of, project_for, route
from .http_server import ApiError, Response, json_response
from .paging import Listing, integer, invalid, page_response, select
from .permissions import ROLE_NAMES
from .state import ZERO_TIME, now

NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
MAX_LIMIT = 1024 << 40
PROJECT_TYPES = {
    "metadata.public": (str, "ProjectMetadata", "string"),
    "storage_limit": (int, "ProjectReq", "int64"),
}
DELETABLE = "the project contains repositories, can not be deleted"
COUNTED_ROLES = {
    1: "project_admin_count",
    4: "maintainer_count",
    2: "developer_count",
    3: "guest_count",
    5: "limited_guest_count",
}


def allowlist(project=None):
    """Part of every project; empty in the simulation."""
    times = {"creation_time": ZERO_TIME, "update_time": ZERO_TIME}
    if project is None:
        return times | {"items": None}
    return times | {"id": project.quota_id, "items": [], "project_id": project.id}


def project_view(context, project, detail=True, metadata=True):
    roles = context.caller.roles(project)
    view = {"creation_time": project.created, "current_user_role_ids": roles}
    if roles:
        view["current_user_role_id"] = roles[0]
    view["cve_allowlist"] = allowlist(project if detail else None)
    if metadata:
        view["metadata"] = project.metadata
    view |= {"name": project.name, "owner_id": project.owner_id, "project_id": project.id}
    if detail:
        view["owner_name"] = context.state.users[project.owner_id].username
    if project.registry_id:
        view["registry_id"] = project.registry_id
    return view | {"repo_count": len(project.repositories), "update_time": project.created}


PROJECT_KEYS = {
    "name": lambda p: p.name,
    "project_id": lambda p: p.id,
    "owner_id": lambda p: p.owner_id,
    "creation_time": lambda p: p.created,
    "update_time": lambda p: p.created,
    "public": lambda p: p.public,
}


@route("GET", "/projects")
def list_projects(context):
    request, state = context.request, context.state
    listing = Listing.of(request)
    everything = context.caller.can_system("project", "list")
    rows = [p for p in state.projects.values() if everything or context.caller.sees(p)]
    if name := request.param("name"):
        rows = [p for p in rows if name in p.name]
    if owner := request.param("owner"):
        rows = [p for p in rows if state.users[p.owner_id].username == owner]
    if public := request.param("public"):
        rows = [p for p in rows if p.public == (public == "true")]
    rows = select(listing, rows, PROJECT_KEYS, [("name", False)])
    detail = request.param("with_detail") != "false"
    return page_response(
        request, listing, rows, lambda p: project_view(context, p, detail, detail)
    )


@route("HEAD", "/projects")
def head_project(context):
    require_authenticated(context.caller)
    name = context.request.param("project_name")
    if name not in context.state.by_name:
        raise ApiError(404, "NOT_FOUND", f"project {name} not found")
    return Response(200)


def check_may_create(context):
    caller, restriction = context.caller, context.state.settings["project_creation_restriction"]
    require_authenticated(caller)
    if caller.kind == "robot":
        if caller.robot.level != "system":
            message = "Only system level robot can create project"
            raise ApiError(403, "FORBIDDEN", message)
        require_system(caller, "project", "create")
    elif restriction == "adminonly" and not caller.sysadmin:
        raise ApiError(403, "FORBIDDEN", "Only system admin can create project")


def storage_limit(context, document):
    """What the new project may hold; only administrators and robots are heard."""
    limit = document.get("storage_limit") or -1
    if limit < -1:
        raise bad_request(f"bad request: invalid non-positive value for quota limit, value={limit}")
    if limit > MAX_LIMIT:
        message = f"exceeded 1024TB, which is {MAX_LIMIT} Bytes, value={limit}"
        raise bad_request(f"bad request: {message}")
    return limit if context.caller.sysadmin or context.caller.kind == "robot" else -1


def checked_name(document):
    name = document.get("project_name") or ""
    if not name:
        raise bad_request(
            f"Project name {name} is illegal in length. (greater than 255 or less than 1)"
        )
    if not NAME.fullmatch(name):
        raise bad_request("project name is not in lower case or contains illegal characters")
    return name


def checked_metadata(document):
    metadata = dict(document.get("metadata") or {})
    public = metadata.get("public")
    if public is None:
        public = "true" if document.get("public") else "false"
    if public not in ("true", "false"):
        message = f"metadata.public should only be 'true' or 'false', but got: '{public}'"
        raise bad_request(message)
    return metadata | {"public": public}


@route("POST", "/projects")
def create_project(context):
    document = body_of(context, "project", PROJECT_TYPES)
    if len(document.get("project_name") or "") > 255:
        message = "project_name in body should be at most 255 chars long"
        raise invalid(f"validation failure list:\n{message}")
    check_may_create(context)
    name, metadata = checked_name(document), checked_metadata(document)
    limit = storage_limit(context, document)
    registry = document.get("registry_id") or 0
    if registry and registry not in context.state.registries:
        raise ApiError(500, "UNKNOWN", "internal server error")
    if name in context.state.by_name:
        context.state.next_id("project")  # a refused insert takes a number too
        raise ApiError(409, "CONFLICT", f"The project named {name} already exists")
    owner = context.caller.user.id if context.caller.kind == "local" else 1
    project = context.state.add_project(name, owner, metadata, limit)
    project.registry_id = registry
    by_name = context.request.header("x-resource-name-in-location").lower() == "true"
    return Response(201, {"Location": f"/api/v2.0/projects/{name if by_name else project.id}"})


@route("GET", "/projects/{project}")
def get_project(context):
    project = project_for(context, "project", "read")
    return json_response(project_view(context, project))


@route("PUT", "/projects/{project}")
def update_project(context):
    document = body_of(context, "project", PROJECT_TYPES)
    project = project_for(context, "project", "update")
    project.metadata.update(document.get("metadata") or {})
    return Response(200)


@route("DELETE", "/projects/{project}")
def delete_project(context):
    project = project_for(context, "project", "delete")
    if project.repositories:
        message = f"precondition failed: {DELETABLE}"
        raise ApiError(412, "PRECONDITION", message)
    context.state.delete_project(project)
    return Response(200)


@route("GET", "/projects/{project}/_deletable")
def deletable(context):
    project = project_for(context, "project", "delete")
    return json_response({"message": DELETABLE} if project.repositories else {"deletable": True})


@route("GET", "/projects/{project}/metadatas")
def metadatas(context):
    return json_response(project_for(context, "metadata", "read").metadata)


@route("GET", "/projects/{project}/summary")
def summary(context):
    project = project_for(context, "project", "read")
    caller, view = context.caller, {"repo_count": len(project.repositories)}
    if caller.sysadmin or caller.can(project, "member", "list"):
        for role, key in COUNTED_ROLES.items():
            if count := sum(member.role == role for member in project.members):
                view[key] = count
    counts_quota = context.state.settings["quota_per_project_enable"]
    if counts_quota and (caller.sysadmin or caller.can(project, "quota", "read")):
        view["quota"] = {"hard": {"storage": project.limit}, "used": {"storage": project.used}}
    if project.registry_id:
        view["registry"] = context.state.registries[project.registry_id]
    return json_response(view)


# members


def member_view(context, project, member):
    return {
        "entity_id": member.user_id,
        "entity_name": context.state.users[member.user_id].username,
        "entity_type": "u",
        "id": member.id,
        "project_id": project.id,
        "role_id": member.role,
        "role_name": ROLE_NAMES[member.role],
    }


@route("GET", "/projects/{project}/members")
def list_members(context):
    listing = Listing.of(context.request)
    project = project_for(context, "member", "list")
    rows = sorted(project.members, key=lambda m: context.state.users[m.user_id].username)
    return page_response(
        context.request, listing, rows, lambda m: member_view(context, project, m)
    )


@route("POST", "/projects/{project}/members")
def add_member(context):
    document = body_of(context, "project_member")
    project = project_for(context, "member", "create")
    wanted = document.get("member_user") or {}
    user = context.state.find_user(wanted.get("username"))
    user = user or context.state.users.get(wanted.get("user_id"))
    if user is None or document.get("role_id") not in ROLE_NAMES:
        raise bad_request("bad request: no such user or role")
    if any(m.user_id == user.id for m in project.members):
        raise ApiError(409, "CONFLICT", "The project member is already in the project")
    member = context.state.add_member(project, user.id, document["role_id"])
    path = f"/api/v2.0/projects/{context.params['project']}/members/{member.id}"
    return Response(201, {"Location": path})


@route("DELETE", "/projects/{project}/members/{member}")
def delete_member(context):
    project = project_for(context, "member", "delete")
    member = next((m for m in project.members if str(m.id) == context.params["member"]), None)
    if member is None:
        message = f"the member {context.params['member']} not found"
        raise ApiError(404, "NOT_FOUND", message)
    project.members.remove(member)
    return Response(200)


# quotas


QUOTA_KEYS = {
    "id": lambda p: p.quota_id,
    "creation_time": lambda p: p.created,
    "hard.storage": lambda p: p.limit,
    "used.storage": lambda p: p.used,
}


def quota_view(project):
    return {
        "creation_time": project.created,
        "hard": {"storage": project.limit},
        "id": project.quota_id,
        "ref": {"id": project.id, "name": project.name, "owner_name": ""},
        "update_time": project.quota_updated,
        "used": {"storage": project.used},
    }


@route("GET", "/quotas")
def list_quotas(context):
    listing = Listing.of(context.request)
    require_system(context.caller, "quota", "list")
    rows = list(context.state.projects.values())
    if reference := integer(context.request, "reference_id", None):
        rows = [p for p in rows if p.id == reference]
    rows = select(listing, rows, QUOTA_KEYS, [("id", True)])
    return page_response(context.request, listing, rows, quota_view)


def quota_of(context, action):
    require_system(context.caller, "quota", action)
    number = context.params["quota"]
    projects = context.state.projects.values()
    project = next((p for p in projects if str(p.quota_id) == number), None)
    if project is None:
        raise ApiError(404, "NOT_FOUND", f"quota {number} not found")
    return project


@route("GET", "/quotas/{quota}")
def get_quota(context):
    """One quota alone never says when it was updated."""
    return json_response(quota_view(quota_of(context, "read")) | {"update_time": ZERO_TIME})


@route("PUT", "/quotas/{quota}")
def update_quota(context):
    document = body_of(context, "hard")
    project = quota_of(context, "update")
    limit = (document.get("hard") or {}).get("storage")
    if not isinstance(limit, int) or limit < -1 or limit > MAX_LIMIT:
        raise bad_request(f"bad request: invalid value for quota limit, value={limit}")
    project.limit = limit
    project.quota_updated = now()
    return Response(200)


