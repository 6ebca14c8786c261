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
inline constexpr int requests_total = 1024;
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
inline constexpr std::size_t json_string_bytes = 4 * 1024 * 1024;
inline constexpr std::size_t pages = 100'000;
inline constexpr std::size_t facts_bytes = 16 * 1024;
inline constexpr std::size_t text_bytes = 4 * 1024;  ///< A message, hint or name from a plugin.

// Data from a plugin.
inline constexpr std::uint64_t batch_items = 65'536;    ///< In one emit().
inline constexpr std::uint64_t checks = 1'000;          ///< Of one validation.
inline constexpr std::uint64_t measures = 200'000;      ///< Of one collection.
inline constexpr std::uint64_t capabilities = 64;       ///< Of one registry.
inline constexpr std::uint64_t artifact_tags = 10'000;  ///< Of one artifact.
inline constexpr std::size_t cursor_bytes = 4 * 1024;

// Files.
inline constexpr std::size_t manifest_bytes = 16 * 1024 * 1024;
inline constexpr std::size_t manifest_nodes = 100'000;
inline constexpr std::size_t plugin_file_bytes = 256 * 1024 * 1024;
inline constexpr std::size_t plugin_note_bytes = 64 * 1024;

// Runs.
inline constexpr int registries_parallel = 256;  // (*) --parallel
inline constexpr int detect_requests = 3;
inline constexpr int detect_sure = 80;  ///< A detection score that is worth a hint.

}  // namespace portolan::model::limits
