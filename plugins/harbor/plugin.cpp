#include "harbor.h"

PORTOLAN_PLUGIN(harbor::Harbor)
