// bench_store [DAYS]: milliseconds of what the daemon asks its store most, as JSON: 1,000
// registries, 20,000 spaces, 100,000 repositories, DAYS (365) of ten measures.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "store/catalogue.h"
#include "store/jobs.h"
#include "store/measures.h"
#include "store/registries.h"
#include "store/tenants.h"
#include "support/store_world.h"

namespace {

using namespace portolan;
using model::Id;
using store::Reader;
using store::Writer;
using Clock = std::chrono::steady_clock;

constexpr int registries = 1000, spaces = 20'000, repositories = 100'000, workspaces = 50;
constexpr std::int64_t ten_minutes = 600'000, day = 86'400'000;

void must(const base::Result<void>& done) {
  if (done) return;
  std::fprintf(stderr, "bench_store: %s\n", done.error().message.c_str());
  std::exit(1);
}

/// The median of `times`.
double ms_of(int times, const std::function<void()>& work) {
  std::vector<double> all;
  for (int i = 0; i < times; ++i) {
    const auto began = Clock::now();
    work();
    all.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
  }
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

base::Result<void> add_registry(Writer& writer, Id number) {
  model::RegistryRecord record;
  if (number % 2 == 0) record.workspace = 1 + number % workspaces;
  record.settings.name = "registry-" + std::to_string(number);
  record.settings.type = number % 3 == 0 ? "harbor" : "docker-registry";
  record.settings.address = "https://r" + std::to_string(number) + ".example";
  record.settings.credentials = {"robot", base::Secret("password"), {}};
  record.integration.emplace().product = "Harbor";
  auto added = store::insert_registry(writer, record);
  if (!added) return added.error();
  return {};
}

base::Result<void> add_space(Writer& writer, Id number) {
  model::SpaceRecord space;
  space.registry = 1 + number % registries;
  space.name = "space-" + std::to_string(number);
  space.is_public = number % 10 == 0;
  auto added = store::insert_space(writer, space);
  if (!added) return added.error();
  model::Binding binding;
  binding.space = added->id;
  binding.workspace = 1 + number % workspaces;
  auto bound = store::insert_binding(writer, binding);
  if (!bound) return bound.error();
  return {};
}

base::Result<void> fill(Writer& writer) {
  for (int i = 0; i < workspaces; ++i) {
    model::Workspace workspace;
    workspace.name = "team-" + std::to_string(i);
    if (auto added = store::insert_workspace(writer, workspace); !added) return added.error();
  }
  for (Id i = 0; i < registries; ++i)
    if (auto added = add_registry(writer, i); !added) return added;
  for (Id i = 0; i < spaces; ++i)
    if (auto added = add_space(writer, i); !added) return added;
  for (Id registry = 1; registry <= registries; ++registry) {
    std::vector<model::RepositoryRecord> batch;
    for (Id i = 0; i < repositories / registries; ++i) {
      auto& repository = batch.emplace_back();
      repository.space = registry == 1 ? registries : registry - 1;
      repository.name = "team/app-" + std::to_string(i);
      repository.seen_ms = 1;
    }
    if (auto put = store::put_repositories(writer, registry, batch); !put) return put;
  }
  return {};
}

model::Statistics ten_measures(std::int64_t at_ms, std::int64_t value) {
  model::Statistics statistics;
  for (int i = 0; i < 10; ++i) {
    auto& measure = statistics.measures.emplace_back();
    measure.name = "measure-" + std::to_string(i);
    measure.value = value + i;
    measure.state = model::MeasureState::known;
    measure.taken_at_ms = at_ms;
  }
  return statistics;
}

/// `days` of one registry, and what keeping it costs.
void fill_series(test::StoreWorld& world, int days, double& compact_ms) {
  constexpr store::Retention retention{7 * day, 90 * day, 730 * day};
  const std::int64_t end = world.now_ms;
  must(world.store->write([&](Writer& writer) -> base::Result<void> {
    for (int step = 0; step < days * 144; ++step) {
      world.now_ms = end - (days * 144 - step) * ten_minutes;
      if (auto put = store::put_statistics(writer, 1, ten_measures(world.now_ms, step)); !put)
        return put;
    }
    return {};
  }));
  world.now_ms = end;
  must(world.store->write([&](Writer& w) { return store::compact_series(w, retention); }));
  // An hour of all registries.
  must(world.store->write([&](Writer& writer) -> base::Result<void> {
    for (int step = 0; step < 7; ++step) {
      world.now_ms += ten_minutes;
      for (Id registry = 1; registry <= registries; ++registry)
        if (auto put = store::put_statistics(writer, registry, ten_measures(world.now_ms, step));
            !put)
          return put;
    }
    return {};
  }));
  compact_ms = ms_of(1, [&] {
    must(world.store->write([&](Writer& w) { return store::compact_series(w, retention); }));
  });
}

template <class T>
double read_ms(const test::StoreWorld& world, int times,
               const std::function<base::Result<T>(Reader&)>& body) {
  return ms_of(times, [&] { (void)world.read<T>(body); });
}

void print(const char* name, double ms, const char* end = ",") {
  std::printf("  \"%s\": %.3f%s\n", name, ms, end);
}

void print_reads(const test::StoreWorld& world) {
  using Registries = store::Page<store::RegistryRow>;
  for (const char* sort : {"name", "state"})
    print((std::string("list_registries_50_by_") + sort).c_str(),
          read_ms<Registries>(world, 101, [&](Reader& reader) {
            return store::list_registries(reader, {.sort = sort}, {});
          }));
  const auto access = world.read<model::AccessWorld>(store::access_world);
  std::vector<Id> some, of_spaces;
  for (Id id = 1; id <= registries; id += 2) some.push_back(id);
  for (const auto& space : model::usable_spaces(access, 7)) of_spaces.push_back(space.space);
  print("list_registries_50_of_500_seen", read_ms<Registries>(world, 101, [&](Reader& reader) {
          return store::list_registries(reader, {}, {.only = &some});
        }));
  print("list_registries_search", read_ms<Registries>(world, 101, [](Reader& reader) {
          return store::list_registries(reader, {.search = "try-99"}, {});
        }));
  print("access_world", ms_of(101, [&] {
          (void)world.read<std::size_t>([](Reader& reader) -> base::Result<std::size_t> {
            return store::access_world(reader).spaces.size();
          });
        }));
  print("usable_spaces", ms_of(21, [&] { (void)model::usable_spaces(access, 7); }));
  print("list_spaces_50", read_ms<store::Page<store::SpaceRow>>(world, 101, [&](Reader& reader) {
          return store::list_spaces(reader, {}, {.only = &of_spaces});
        }));
  using Repositories = store::Page<model::RepositoryRecord>;
  print("list_repositories_50_usable", read_ms<Repositories>(world, 101, [&](Reader& reader) {
          return store::list_repositories(reader, {}, {.only_spaces = &of_spaces});
        }));
  print("list_repositories_search", read_ms<Repositories>(world, 21, [&](Reader& reader) {
          return store::list_repositories(reader, {.search = "app-99"},
                                          {.only_spaces = &of_spaces});
        }));
  print("statistics", read_ms<store::KeptStatistics>(
                          world, 101, [](Reader& reader) { return store::statistics(reader, 1); }));
  print("series_500_points",
        read_ms<std::vector<model::SeriesPoint>>(world, 21, [&](Reader& reader) {
          return store::series(reader, 1, {.measure = "measure-3", .to_ms = world.now_ms});
        }));
}

/// access_world() after a change, in the one connection that knows of it.
void print_access_after_change(test::StoreWorld& world) {
  double ms = 0;
  must(world.store->write([&](Writer& writer) -> base::Result<void> {
    auto space = *store::find_space(writer, 1);
    space.is_public = !space.is_public;
    if (auto updated = store::update_space(writer, space, 0); !updated) return updated.error();
    ms = ms_of(1, [&] { (void)store::access_world(writer); });
    return {};
  }));
  print("access_world_after_change", ms);
}

void print_writes(test::StoreWorld& world) {
  model::Health health;
  health.state = model::HealthState::healthy;
  health.last.emplace();
  for (const char* name : {"address", "dns", "tcp", "tls", "http", "identity", "credentials"}) {
    auto& check = health.last->checks.emplace_back();
    check.name = name;
    check.state = model::CheckState::ok;
    check.message = "it is as it should be";
  }
  print("put_health_1000_in_one", ms_of(5, [&] {
          must(world.store->write([&](Writer& writer) -> base::Result<void> {
            for (Id id = 1; id <= registries; ++id)
              if (auto put = store::put_health(writer, id, health); !put) return put;
            return {};
          }));
        }));
  print("put_health_each_durable", ms_of(101, [&] {
          must(world.store->write(
              [&](Writer& writer) { return store::put_health(writer, 1, health); }));
        }));
  print("put_statistics_10_durable", ms_of(51, [&] {
          must(world.store->write([&](Writer& writer) {
            return store::put_statistics(writer, 2, ten_measures(++world.now_ms, 1));
          }));
        }));
  print("queue_10000_in_one", ms_of(1, [&] {
          must(world.store->write([&](Writer& writer) -> base::Result<void> {
            for (int i = 0; i < 10'000; ++i) {
              model::Job job;
              job.kind = "robot.sync";
              job.key = std::to_string(i);
              if (auto queued = store::enqueue(writer, job, 10'000); !queued) return queued.error();
            }
            return {};
          }));
        }));
  print("take_and_finish_1000_in_one", ms_of(1, [&] {
          must(world.store->write([&](Writer& writer) -> base::Result<void> {
            for (int i = 0; i < 1000; ++i)
              if (auto done = store::finish_job(
                      writer, store::take_job(writer, {"robot.sync"}, 1000)->id, "{}");
                  !done)
                return done;
            return {};
          }));
        }));
}

}  // namespace

int main(int argc, char** argv) {
  const int days = argc > 1 ? std::atoi(argv[1]) : 365;
  test::StoreWorld world;
  std::printf("{\n");
  print("fill", ms_of(1, [&] { must(world.store->write(fill)); }));
  double compact_ms = 0;
  print("days_of_ten_measures", ms_of(1, [&] { fill_series(world, days, compact_ms); }));
  print("compact_one_hour_of_10000_series", compact_ms);
  print_reads(world);
  print_access_after_change(world);
  print_writes(world);
  print("database_megabytes",
        static_cast<double>(std::filesystem::file_size(world.folder / "data/portolan.db")) / 1e6,
        "");
  std::printf("}\n");
  return 0;
}
