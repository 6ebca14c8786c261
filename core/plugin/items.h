#pragma once
/// What a plugin emits, as the host keeps it: copied, bounded, cleaned. Pure functions; each fills
/// `out` and answers which promise of the contract is broken, or nothing.
#include <portolan/abi/abi.h>

#include <string>
#include <string_view>

#include "base/url.h"
#include "model/outcome.h"

namespace portolan::plugin {

/// The code of a status; an unknown number is internal.
base::Code code_of(portolan_status status);

/// True for address, dns, tcp, tls and http: the host makes those checks itself.
bool is_host_check(std::string_view name);

std::string read_item(const portolan_integration& from, model::Integration& out);
std::string read_item(const portolan_check& from, model::Check& out);
std::string read_item(const portolan_measure& from, model::FoundMeasure& out);
std::string read_item(const portolan_detection& from, model::Detection& out);
std::string read_item(const portolan_space& from, model::Space& out);
std::string read_item(const portolan_repository& from, model::Repository& out);
std::string read_item(const portolan_tag& from, model::Tag& out);
std::string read_item(const portolan_artifact& from, model::Artifact& out);
/// The secret stays behind its `handle`.
std::string read_item(const portolan_robot& from, model::Robot& out, std::string& handle);

/// True when the two addresses differ in their path only.
bool same_origin(const std::string& address, const std::string& other);

}  // namespace portolan::plugin
