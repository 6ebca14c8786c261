#include "docker_registry.h"

PORTOLAN_PLUGIN(docker_registry::DockerRegistry)
