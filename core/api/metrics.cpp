#include "api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_map>

#include "base/mutex.h"

namespace portolan::api {

struct Samples::Family {
  prometheus::MetricFamily family;
};

namespace {

prometheus::ClientMetric labelled(Samples::Labels labels) {
  prometheus::ClientMetric metric;
  for (auto& [name, value] : labels) metric.label.push_back({std::move(name), std::move(value)});
  return metric;
}

const prometheus::Histogram::BucketBoundaries seconds{
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

/// A client can make up methods without end, and each label set lives as long as we do.
std::string_view label_of(std::string_view method) {
  for (const std::string_view known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    if (method == known) return known;
  return method.empty() ? "none" : "other";
}

}  // namespace

void Samples::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  prometheus::ClientMetric metric = labelled(std::move(labels));
  metric.gauge.value = value;
  add(name, help, Kind::gauge).family.metric.push_back(std::move(metric));
}

void Samples::counter(std::string_view name, std::string_view help, double value, Labels labels) {
  prometheus::ClientMetric metric = labelled(std::move(labels));
  metric.counter.value = value;
  add(name, help, Kind::counter).family.metric.push_back(std::move(metric));
}

void Samples::histogram(std::string_view name, std::string_view help,
                        std::span<const double> bounds, std::span<const std::uint64_t> counts,
                        double sum, Labels labels) {
  prometheus::ClientMetric metric = labelled(std::move(labels));
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({so_far, bound});
  }
  metric.histogram.sample_count = so_far;
  metric.histogram.sample_sum = sum;
  add(name, help, Kind::histogram).family.metric.push_back(std::move(metric));
}

Samples::Family& Samples::add(std::string_view name, std::string_view help, Kind kind) {
  const std::array types{prometheus::MetricType::Gauge, prometheus::MetricType::Counter,
                         prometheus::MetricType::Histogram};

  const auto same = [&](const auto& each) { return each->family.name == name; };
  const auto found = std::find_if(families_.begin(), families_.end(), same);
  if (found != families_.end()) return **found;
  auto family = std::make_shared<Family>();
  family->family.name = name;
  family->family.help = help;
  family->family.type = types[static_cast<std::size_t>(kind)];
  families_.push_back(family);
  return *family;
}

void report(const ServerLoad& load, Samples& samples) {
  const auto gauge = [&](const char* name, const char* help, std::size_t value) {
    samples.gauge(name, help, static_cast<double>(value));
  };
  gauge("portolan_http_inflight_requests", "Requests that are being answered.", load.requests);
  gauge("portolan_http_connections", "Open connections.", load.connections);
  gauge("portolan_http_event_streams", "Open event streams.", load.event_streams);
  gauge("portolan_http_queued_requests", "Requests that wait for a worker.", load.queued);
}

struct Metrics::State {
  struct Series {
    prometheus::Counter* requests;
    prometheus::Histogram* duration;
  };

  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("portolan_http_requests_total")
          .Help("Requests answered, by route, method and status.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& duration =
      prometheus::BuildHistogram()
          .Name("portolan_http_request_duration_seconds")
          .Help("Time from the whole request to the whole answer.")
          .Register(registry);
  base::Mutex mutex;
  // A look-up in the library builds a metric first, each time.
  std::unordered_map<std::string, Series> series GUARDED_BY(mutex);
  std::vector<std::function<void(Samples&)>> collectors GUARDED_BY(mutex);

  Series find(const Exchange& exchange) {
    const std::string route(exchange.request.route.empty() ? "none" : exchange.request.route);
    const std::string method(label_of(exchange.request.method));
    const std::string code = std::to_string(exchange.status);
    const std::string key = route + ' ' + method + ' ' + code;
    base::Lock lock(mutex);
    const auto known = series.find(key);
    if (known != series.end()) return known->second;
    const Series made{&requests.Add({{"route", route}, {"method", method}, {"code", code}}),
                      &duration.Add({{"route", route}, {"method", method}}, seconds)};
    return series.emplace(key, made).first->second;
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::observe(const Exchange& exchange) {
  const State::Series series = state_->find(exchange);
  series.requests->Increment();
  series.duration->Observe(std::chrono::duration<double>(exchange.took).count());
}

void Metrics::collect(std::function<void(Samples&)> collector) {
  base::Lock lock(state_->mutex);
  state_->collectors.push_back(std::move(collector));
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families = state_->registry.Collect();
  std::vector<std::function<void(Samples&)>> collectors;
  {
    base::Lock lock(state_->mutex);
    collectors = state_->collectors;
  }
  Samples samples;
  for (const auto& collector : collectors) collector(samples);
  for (const auto& family : samples.families_) families.push_back(std::move(family->family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace portolan::api
