/* All of the C contract. C11 and C++20, needs only <stddef.h> and <stdint.h>. */
#ifndef PORTOLAN_ABI_H
#define PORTOLAN_ABI_H
#include "ext/catalog.h"
#include "ext/detect.h"
#include "ext/integration.h"
#include "ext/robots.h"
#include "ext/spaces.h"
#include "ext/statistics.h"
#include "ext/validation.h"
#include "layout.h"

#endif
