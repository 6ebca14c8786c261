"""Real registries for the tests: started on free loopback ports in temporary folders, gone with the test.

    with DockerRegistry("htpasswd") as registry:
        Pusher(registry).image("team/app", ["v1"])
        portolan("stats", "--type", "docker-registry", "--address", registry.address, ...)
"""

from rigs.docker_registry import Distribution3, DockerRegistry
from rigs.crane import CraneRegistry
from rigs.process import Missing
from rigs.push import Pusher, push_many

__all__ = ["CraneRegistry", "Distribution3", "DockerRegistry", "Missing", "Pusher", "push_many"]
