#pragma once
/// Every limit of the program, in one place. Reaching one is an Error, never silence.
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace portolan::model::limits {
using namespace std::chrono_literals;

// Time. Defaults; the document, flags or a registry's `timeouts` may change those marked (*).
inline constexpr std::chrono::milliseconds connect = 5s;       // (*)
inline constexpr std::chrono::milliseconds request = 30s;      // (*)
inline constexpr std::chrono::milliseconds validation = 15s;   // (*)
inline constexpr std::chrono::milliseconds statistics = 120s;  // (*)
inline constexpr std::chrono::milliseconds answer_grace =
    250ms;  ///< A late call is answered within this.
inline constexpr std::chrono::milliseconds retry_after_cap = 10s;
inline constexpr std::size_t minimum_rate_bytes = 64;  ///< Per second, over minimum_rate_window.
inline constexpr std::chrono::seconds minimum_rate_window = 10s;

// HTTP.
inline constexpr std::size_t url_bytes = 8 * 1024;
inline constexpr std::size_t header_bytes = 64 * 1024;
inline constexpr std::size_t body_bytes =
    16 * 1024 * 1024;  ///< Default cap of one answer, inflated.
inline constexpr std::size_t buffered_bytes =
    256 * 1024;  ///< Per request, then the transfer pauses.
inline constexpr int redirects = 3;
inline constexpr int retries = 2;
inline constexpr int requests_per_registry = 8;  // (*) --concurrency
inline constexpr std::size_t token_bytes = 64 * 1024;
// A name that hangs holds one: fewer than the registries at once would let the dead starve the
// rest.
inline constexpr int resolver_threads = 2 * 256;
inline constexpr std::size_t tokens = 256;  ///< Kept per registry.
/// What a token service refused is not sent again before.
inline constexpr std::chrono::milliseconds refused_login_rest = 10s;
inline constexpr std::size_t sealed_secrets = 1000;  ///< Taken out of answers, per registry.
inline constexpr std::size_t request_headers = 64;
inline constexpr int log_lines_burst = 200;  ///< Of one call; then log_lines_per_second.
inline constexpr int log_lines_per_second = 50;

// Data from afar.
inline constexpr int json_depth = 64;
inline constexpr std::size_t pages = 100'000;
inline constexpr std::size_t facts_bytes = 16 * 1024;
inline constexpr std::size_t text_bytes = 4 * 1024;  ///< A message, hint or name from a plugin.

// Data from a plugin.
inline constexpr std::uint64_t batch_items = 65'536;    ///< In one emit().
inline constexpr std::uint64_t checks = 1'000;          ///< Of one validation.
inline constexpr std::uint64_t measures = 200'000;      ///< Of one collection.
inline constexpr std::uint64_t capabilities = 64;       ///< Of one registry.
inline constexpr std::uint64_t artifact_tags = 10'000;  ///< Of one artifact.
inline constexpr std::uint64_t robots = 10'000;         ///< Of one list of them.
inline constexpr std::size_t cursor_bytes = 4 * 1024;
inline constexpr std::size_t note_key_bytes = 512, note_bytes = 1024;  ///< Of one note.
inline constexpr std::size_t notes = 100'000;                          ///< Of one registry,
inline constexpr std::size_t notes_bytes = 8 * 1024 * 1024;  ///< and keys and values of all.

// Files.
inline constexpr std::size_t manifest_bytes = 16 * 1024 * 1024;
inline constexpr std::size_t manifest_nodes = 100'000;
inline constexpr std::size_t plugin_file_bytes = 256 * 1024 * 1024;
inline constexpr std::size_t plugin_note_bytes = 64 * 1024;

// Runs.
inline constexpr int registries_parallel = 256;  // (*) --parallel
inline constexpr int detect_requests = 3;
inline constexpr std::size_t detect_parallel = 8;  ///< Types asked at once.
inline constexpr int detect_sure = 80;             ///< A detection score that is worth a hint.

/// Defaults of the daemon's settings (docs/config.md); all of them can be set.
namespace daemon {
using days = std::chrono::duration<std::int64_t, std::ratio<86'400>>;

// Its server: what one client may cost.
inline constexpr std::chrono::milliseconds drain = 10s;
inline constexpr std::uint64_t header_bytes = 32 * 1024;
inline constexpr std::uint64_t request_body_bytes = 1024 * 1024;
inline constexpr std::chrono::milliseconds header_timeout = 10s;
inline constexpr std::chrono::milliseconds body_timeout = 30s;
inline constexpr std::chrono::milliseconds answer_timeout = 30s;
inline constexpr std::chrono::milliseconds idle_timeout = 60s;
inline constexpr std::uint64_t connections = 4096;
inline constexpr std::uint64_t connections_per_address = 256;
inline constexpr std::uint64_t event_streams = 2000;
inline constexpr std::uint64_t waiting = 32;            ///< Requests that wait for registries.
inline constexpr std::uint64_t rate_per_address = 200;  ///< Requests per second.
inline constexpr std::uint64_t rate_burst = 1000;

// Who comes in.
inline constexpr std::chrono::milliseconds token_life = days(90);
inline constexpr std::chrono::milliseconds token_life_max = days(365);
inline constexpr std::chrono::milliseconds session_idle = 8h;
inline constexpr std::chrono::milliseconds setup_token_life = 1h;
inline constexpr std::uint64_t login_attempts_per_minute = 10;
inline constexpr std::chrono::milliseconds push_life = 1h;
inline constexpr std::chrono::milliseconds push_life_max = 24h;
inline constexpr std::chrono::milliseconds robot_grace = 24h;

// What it does by itself.
inline constexpr std::chrono::milliseconds health_interval = 60s;
inline constexpr std::uint64_t health_jitter_percent = 10;
inline constexpr std::uint64_t flap_count = 2, flap_window = 3;
inline constexpr std::chrono::milliseconds blocked_retry = 1h;
inline constexpr std::chrono::milliseconds statistics_interval = 10min;
inline constexpr std::chrono::milliseconds catalogue_interval = 10min;
inline constexpr std::chrono::milliseconds catalogue_timeout = 10min;

// What it keeps.
inline constexpr std::chrono::milliseconds raw_measures = days(7);
inline constexpr std::chrono::milliseconds hourly_measures = days(90);
inline constexpr std::chrono::milliseconds daily_measures = days(730);
inline constexpr std::chrono::milliseconds events = days(90);
inline constexpr std::uint64_t registries_per_workspace = 100;
inline constexpr std::uint64_t queue = 10'000;  ///< Jobs that wait.
inline constexpr std::uint64_t page = 50, page_max = 500;
inline constexpr std::uint64_t try_per_minute = 10;  ///< Dry calls of one user.
inline constexpr std::chrono::milliseconds try_floor = std::chrono::seconds(3);
}  // namespace daemon

}  // namespace portolan::model::limits
