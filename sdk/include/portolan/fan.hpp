#pragma once
/// portolan::fan, and the call whose requests it sends.
#include "call.hpp"  // IWYU pragma: export
