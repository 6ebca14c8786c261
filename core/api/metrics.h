#pragma once
/// Prometheus metrics: those of HTTP, and what other rooms report when asked. The one door to
/// prometheus-cpp.
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/serving.h"

namespace portolan::api {

/// What a collector fills in, anew at each scrape. Names follow Prometheus: portolan_ in front,
/// base units, _total behind counters. Label sets stay small: never a user or a repository.
class Samples {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;
  void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});
  void counter(std::string_view name, std::string_view help, double value, Labels labels = {});
  /// `counts`: how many fell below or at each of `bounds` and not below the one before, and one
  /// more for those above all; `sum`: of all values.
  void histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum, Labels labels = {});

 private:
  friend class Metrics;
  struct Family;
  enum class Kind { gauge, counter, histogram };
  Family& add(std::string_view name, std::string_view help, Kind kind);
  std::vector<std::shared_ptr<Family>> families_;
};

/// portolan_http_inflight_requests, _connections, _event_streams and _queued_requests.
void report(const ServerLoad& load, Samples& samples);

/// Safe from any thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// portolan_http_requests_total{route,method,code} and
  /// portolan_http_request_duration_seconds{route,method}. For Server's Observer.
  void observe(const Exchange& exchange);

  /// Called at each scrape, on its thread.
  void collect(std::function<void(Samples&)> collector);

  /// Text exposition format 0.0.4.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace portolan::api
