"""The system as a whole: version, health, information, statistics, settings."""

from .access import require_authenticated, require_system
from .api import body_of, route
from .http_server import ApiError, Response, json_response
from .paging import Listing, page_response, select
from .state import now

COMPONENTS = ("core", "database", "jobservice", "portal", "redis", "registry", "registryctl")
HARBOR_VERSION = "v2.15.2-simulated"
DISK = {"free": 80_447_160_320, "total": 270_553_174_016}


@route("GET", "/ping")
def ping(context):
    return Response(200, {"Content-Type": "text/plain"}, b"Pong")


@route("GET", "/health")
def health(context):
    components = []
    for name in COMPONENTS:
        entry = {"name": name, "status": "healthy"}
        if name in context.faults:
            entry |= {"status": "unhealthy", "error": f"simulated Harbor: {name} is switched off"}
        components.append(entry)
    status = "unhealthy" if context.faults.intersection(COMPONENTS) else "healthy"
    return json_response({"components": components, "status": status})


@route("GET", "/systeminfo")
def system_info(context):
    settings, host = context.state.settings, context.request.header("host")
    view = {
        "auth_mode": "db_auth",
        "banner_message": settings["banner_message"],
        "oidc_provider_name": "",
        "primary_auth_mode": False,
        "self_registration": False,
    }
    if context.caller.authenticated:
        view |= {
            "current_time": now(),
            "external_url": f"{context.request.scheme}://{host}",
            "harbor_version": HARBOR_VERSION,
            "has_ca_root": False,
            "notification_enable": True,
            "project_creation_restriction": settings["project_creation_restriction"],
            "read_only": settings["read_only"],
            "registry_storage_provider_name": "filesystem",
            "registry_url": host,
        }
    return json_response(view)


@route("GET", "/systeminfo/volumes")
def volumes(context):
    require_system(context.caller, "system-volumes", "read")
    return json_response({"storage": [{} if "volume" in context.faults else DISK]})


@route("GET", "/systeminfo/getcert")
def get_certificate(context):
    message = "resource not found: cert not found in path: /etc/core/ca/ca.crt"
    raise ApiError(404, "NOT_FOUND", message)


@route("GET", "/statistics")
def statistics(context):
    """Whole numbers for an administrator; zeros that mean "not told" for everybody else."""
    require_authenticated(context.caller)
    caller, projects = context.caller, list(context.state.projects.values())
    public = [p for p in projects if p.public]
    hidden = [p for p in projects if not p.public]
    if not caller.sysadmin:
        hidden = [p for p in hidden if caller.kind == "local" and caller.sees(p)]
    counts = {
        "private_project_count": len(hidden),
        "private_repo_count": sum(len(p.repositories) for p in hidden),
        "public_project_count": len(public),
        "public_repo_count": sum(len(p.repositories) for p in public),
        "total_project_count": 0,
        "total_repo_count": 0,
        "total_storage_consumption": 0,
    }
    if caller.sysadmin:
        counts["total_project_count"] = len(projects)
        counts["total_repo_count"] = sum(len(p.repositories) for p in projects)
        counts["total_storage_consumption"] = sum(context.state.counted.values())
    return json_response(counts)


@route("PUT", "/configurations")
def update_configuration(context):
    document = body_of(context, "configurations")
    require_system(context.caller, "configuration", "update")
    known = context.state.settings
    known.update({key: value for key, value in document.items() if key in known})
    return Response(200)


@route("GET", "/configurations")
def get_configuration(context):
    """The settings that the simulation knows; a real Harbor has some fifty more."""
    require_system(context.caller, "configuration", "read")
    settings = context.state.settings
    return json_response({k: {"editable": True, "value": v} for k, v in settings.items()})


@route("GET", "/registries")
def list_registries(context):
    listing = Listing.of(context.request)
    require_system(context.caller, "registry", "list")
    keys = {"name": lambda r: r["name"], "id": lambda r: r["id"]}
    rows = select(listing, list(context.state.registries.values()), keys, [("id", False)])
    return page_response(context.request, listing, rows, dict)


def empty_list(path, resource):
    """A list that is always empty here, for who may read it."""

    def handler(context):
        listing = Listing.of(context.request)
        require_system(context.caller, resource, "list")
        return page_response(context.request, listing, [], dict)

    route("GET", path)(handler)


empty_list("/audit-logs", "audit-log")
empty_list("/scanners", "scanner")
empty_list("/usergroups", "user-group")
empty_list("/system/gc", "garbage-collection")
