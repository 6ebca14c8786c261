#pragma once
/// What a daemon can be told, declared once: files, environment, flags, `config show`, docs and the
/// example file come from it.
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/daemon_settings.h"

namespace portolan::config {

enum class Kind {
  text,
  url,
  number,
  percent,   ///< "10%"
  fraction,  ///< "2/3"
  bytes,
  duration,
  boolean,
  choice,
  file,
  directory,
  listen,  ///< The rest are lists, separated by commas.
  networks,
  hosts,
  directories,
  types,
};

/// Of numbers, bytes and (in milliseconds) durations.
struct Bounds {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  bool or_zero = false;  ///< 0 is allowed below `least` too: "never" or "no limit".
};

/// Whether a reload changes it, or a restart is needed.
enum class Change { reload, restart };

/// Where a value goes.
using Field =
    std::variant<std::string*, std::uint64_t*, milliseconds*, bool*, std::filesystem::path*, Flap*,
                 std::vector<ListenAddress>*, std::vector<std::string>*,
                 std::vector<std::filesystem::path>*, std::set<std::string>*, model::Level*,
                 LogLevel*, LogFormat*, ForwardedHeader*>;

struct Setting {
  std::string name{};  ///< "server.header-limit"
  Kind kind = Kind::text;
  Field field{};
  std::string help{};  ///< One sentence without a full stop.
  Change change = Change::reload;
  Bounds bounds{};
  std::vector<std::string> choices{};  ///< In the order of the enumeration behind `field`.
  std::string default_text{};          ///< As a file would have it.
};

/// Every setting in the order of the documentation. The fields are those of `settings`, which must
/// live as long; the defaults are what a root without systemd has.
std::vector<Setting> settings_of(DaemonSettings& settings);

/// Puts `text` where the setting belongs. Empty when done, else what is wrong with it:
/// "\"x\" is not a duration such as 500ms, 5s or 2m"; then the field is as before.
std::string assign(const Setting& setting, std::string_view text);

/// What the field holds, as a file would have it: assign() reads it back.
std::string text_of(const Setting& setting);

/// "duration", "list of networks": for people.
std::string kind_text(const Setting& setting);

/// "PORTOLAN_SERVER_HEADER_LIMIT"
std::string variable_of(const Setting& setting);

/// "server", "header-limit"
std::string section_of(const Setting& setting);
std::string key_of(const Setting& setting);

}  // namespace portolan::config
