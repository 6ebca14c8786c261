#pragma once
#include <string>

namespace portolan::manifest {

/// Whether `text` is a network ("10.0.0.0/8", "fd00::/8") or "host:port" ("[::1]:5000").
bool is_network_rule(const std::string& text);

}  // namespace portolan::manifest
