#include "store/jobs.h"

#include <map>
#include <random>
#include <set>

#include "rows.h"

using namespace portolan;
using base::Code;
using model::Job;
using model::JobState;
using namespace portolan::test;

namespace {

Job a_job(const std::string& kind, const std::string& key, std::int64_t run_at_ms = 0) {
  Job job;
  job.kind = kind;
  job.key = key;
  job.run_at_ms = run_at_ms;
  job.created_by = "alice";
  return job;
}

struct JobWorld : RowWorld {
  Job enqueue(const Job& job, store::WhenRunning when = store::WhenRunning::join) {
    return write<Job>([&](Writer& writer) { return store::enqueue(writer, job, 100, when); });
  }
  std::optional<Job> take(const std::vector<std::string>& kinds = {"a"},
                          std::int64_t lease = 1000) {
    return write<std::optional<Job>>([&](Writer& writer) -> base::Result<std::optional<Job>> {
      return store::take_job(writer, kinds, lease);
    });
  }
  void finish(Id job, const std::string& output = "{}") {
    done([&](Writer& writer) { return store::finish_job(writer, job, output); });
  }
  Job found(Id id) const {
    return *read<std::optional<Job>>([&](Reader& reader) { return store::find_job(reader, id); });
  }
  std::int64_t next() const { return read<std::int64_t>(store::next_job_at); }
  std::size_t count(const store::JobFilter& filter) const {
    return read<store::Page<Job>>(
               [&](Reader& reader) { return store::list_jobs(reader, {}, filter); })
        .rows.size();
  }
};

}  // namespace

TEST_CASE("a job is queued, taken, told of and done", "[store][jobs]") {
  JobWorld world;
  CHECK(world.next() == 0);
  Job job = a_job("a", "k", world.now_ms + 100);
  job.input_json = R"({"x":1})";
  job.workspace = 3;
  job.registry = 4;
  const Id id = world.enqueue(job).id;
  world.reopen();
  CHECK(world.found(id).state == JobState::queued);
  CHECK(world.found(id).input_json == R"({"x":1})");
  CHECK(world.found(id).created_ms == world.now_ms);
  CHECK(world.found(id).created_by == "alice");
  CHECK(world.found(id).workspace == 3);
  CHECK(world.next() == world.now_ms + 100);
  CHECK_FALSE(world.take());
  world.now_ms += 100;
  CHECK_FALSE(world.take({"b"}));
  const auto taken = world.take({"b", "a"});
  REQUIRE(taken);
  CHECK(taken->state == JobState::running);
  CHECK(taken->attempt == 1);
  CHECK(taken->lease_until_ms == world.now_ms + 1000);
  CHECK(world.next() == world.now_ms + 1000);
  CHECK_FALSE(world.take());
  world.now_ms += 500;
  world.done([&](Writer& writer) { return store::note_progress(writer, id, "half", 1000); });
  CHECK(world.found(id).progress == "half");
  CHECK(world.next() == world.now_ms + 1000);
  world.finish(id, R"({"y":2})");
  CHECK(world.found(id).state == JobState::done);
  CHECK(world.found(id).output_json == R"({"y":2})");
  CHECK(world.found(id).ended_ms == world.now_ms);
  CHECK(world.next() == 0);
  for (const auto& late : std::vector<std::function<base::Result<void>(Writer&)>>{
           [&](Writer& writer) { return store::finish_job(writer, id, "{}"); },
           [&](Writer& writer) { return store::fail_job(writer, id, {}, 0); },
           [&](Writer& writer) { return store::note_progress(writer, id, "", 1); },
           [&](Writer& writer) { return store::cancel_job(writer, id); }})
    CHECK(world.code_of(late) == Code::conflict);
}

TEST_CASE("those that wait or run are counted by kind", "[store][jobs]") {
  JobWorld world;
  const Id ended = world.enqueue(a_job("a", "1")).id;
  world.take();
  world.finish(ended);
  world.enqueue(a_job("a", "2"));
  world.take();
  world.enqueue(a_job("a", "3", world.now_ms + 100));
  world.enqueue(a_job("b", "1"));
  using Counts = std::map<std::string, std::size_t>;
  CHECK(world.read<Counts>(store::live_jobs) == Counts{{"a", 2}, {"b", 1}});
}

TEST_CASE("a lease that passed makes a job due again", "[store][jobs]") {
  JobWorld world;
  const Id id = world.enqueue(a_job("a", "k")).id;
  world.take();
  world.now_ms += 999;
  CHECK_FALSE(world.take());
  world.now_ms += 1;
  const auto again = world.take();
  REQUIRE(again);
  CHECK(again->id == id);
  CHECK(again->attempt == 2);
}

TEST_CASE("the same kind and key waits once, at the earlier time", "[store][jobs]") {
  JobWorld world;
  const auto later = world.now_ms + 500, sooner = world.now_ms + 100;
  const Id id = world.enqueue(a_job("a", "k", later)).id;
  CHECK(world.enqueue(a_job("a", "k", sooner)).id == id);
  CHECK(world.found(id).run_at_ms == sooner);
  CHECK(world.enqueue(a_job("a", "k", later)).id == id);
  CHECK(world.found(id).run_at_ms == sooner);
  CHECK(world.enqueue(a_job("b", "k")).id != id);
  CHECK(world.enqueue(a_job("a", "l")).id != id);
  CHECK(world.enqueue(a_job("a", "k")).id == id);
  CHECK(world.found(id).run_at_ms == world.now_ms);
}

TEST_CASE("who asks while it runs joins, or has it run once more", "[store][jobs]") {
  JobWorld world;
  const Id id = world.enqueue(a_job("a", "k")).id;
  world.take();
  CHECK(world.enqueue(a_job("a", "k")).id == id);
  SECTION("join") {
    world.finish(id);
    CHECK_FALSE(world.take());
  }
  SECTION("again, once, with the newest input") {
    for (const char* input : {R"({"n":1})", R"({"n":2})"}) {
      Job job = a_job("a", "k");
      job.input_json = input;
      CHECK(world.enqueue(job, store::WhenRunning::again).id == id);
    }
    CHECK_FALSE(world.take());
    world.finish(id);
    const auto next = world.take();
    REQUIRE(next);
    CHECK(next->id != id);
    CHECK(next->input_json == R"({"n":2})");
    CHECK(next->attempt == 1);
    world.finish(next->id);
    CHECK_FALSE(world.take());
  }
  SECTION("again, at the soonest time that was asked for") {
    for (const int later : {500, 200, 400})
      world.enqueue(a_job("a", "k", world.now_ms + later), store::WhenRunning::again);
    world.finish(id);
    CHECK_FALSE(world.take());
    CHECK(world.next() == world.now_ms + 200);
    world.now_ms += 200;
    CHECK(world.take());
  }
  SECTION("again, though this one failed for good") {
    world.enqueue(a_job("a", "k"), store::WhenRunning::again);
    world.done([&](Writer& writer) { return store::fail_job(writer, id, {}, 0); });
    CHECK(world.found(id).state == JobState::failed);
    CHECK(world.take());
  }
  SECTION("one that is tried again looks anew by itself") {
    Job job = a_job("a", "k");
    job.input_json = R"({"n":3})";
    world.enqueue(job, store::WhenRunning::again);
    world.done([&](Writer& writer) { return store::fail_job(writer, id, {}, world.now_ms + 5); });
    world.now_ms += 5;
    const auto retried = world.take();
    REQUIRE(retried);
    CHECK(retried->id == id);
    CHECK(retried->input_json == R"({"n":3})");
    world.finish(id);
    CHECK_FALSE(world.take());
  }
}

TEST_CASE("a failed job is tried again when told, with its error shown", "[store][jobs]") {
  JobWorld world;
  const Id id = world.enqueue(a_job("a", "k")).id;
  world.take();
  const base::Error error{.code = Code::unreachable, .message = "no route", .hint = "Look."};
  const auto retry_at = world.now_ms + 50;
  world.done([&](Writer& writer) { return store::fail_job(writer, id, error, retry_at); });
  Job job = world.found(id);
  CHECK(job.state == JobState::queued);
  CHECK(job.run_at_ms == retry_at);
  REQUIRE(job.error);
  CHECK(job.error->code == Code::unreachable);
  CHECK(job.error->message == "no route");
  CHECK(job.error->hint == "Look.");
  world.now_ms += 50;
  REQUIRE(world.take());
  world.done([&](Writer& writer) { return store::fail_job(writer, id, error, 0); });
  job = world.found(id);
  CHECK(job.state == JobState::failed);
  CHECK(job.attempt == 2);
  CHECK(job.ended_ms == world.now_ms);
  // Its key is free.
  CHECK(world.enqueue(a_job("a", "k")).id != id);
}

TEST_CASE("a job that waits can be cancelled", "[store][jobs]") {
  JobWorld world;
  const Id id = world.enqueue(a_job("a", "k")).id;
  world.done([&](Writer& writer) { return store::cancel_job(writer, id); });
  CHECK(world.found(id).state == JobState::cancelled);
  CHECK_FALSE(world.take());
  CHECK(world.code_of([](Writer& writer) { return store::cancel_job(writer, 999); }) ==
        Code::not_found);
  world.enqueue(a_job("a", "k"));
  const auto running = world.take();
  CHECK(world.code_of([&](Writer& writer) { return store::cancel_job(writer, running->id); }) ==
        Code::conflict);
}

TEST_CASE("a queue that is full takes no more, but still joins", "[store][jobs]") {
  JobWorld world;
  const auto code = [&](const std::string& key) {
    return world.code_of([&](Writer& writer) -> base::Result<void> {
      auto queued = store::enqueue(writer, a_job("a", key), 3);
      if (!queued) return queued.error();
      return {};
    });
  };
  for (const char* key : {"1", "2", "3"}) CHECK(code(key) == Code::ok);
  CHECK(code("4") == Code::limit);
  CHECK(code("2") == Code::ok);
  world.take();  // What runs does not wait.
  CHECK(code("4") == Code::ok);
}

TEST_CASE("jobs are listed, newest first, by what one sees", "[store][jobs][paging]") {
  JobWorld world;
  for (int i = 0; i < 13; ++i) {
    Job job = a_job(i % 2 == 0 ? "a" : "b", "key-" + std::to_string(i));
    if (i % 3 == 0) job.workspace = 1;
    if (i % 4 != 0) job.registry = 2 + i % 2;
    world.enqueue(job);
  }
  for (const std::size_t limit : {1, 5, 13}) {
    const auto jobs =
        world.all_pages<Job>(limit, "", [](Reader& reader, const store::PageRequest& request) {
          return store::list_jobs(reader, request, {});
        });
    REQUIRE(jobs.size() == 13);
    for (std::size_t i = 0; i < jobs.size(); ++i) CHECK(jobs[i].id == static_cast<Id>(13 - i));
  }
  CHECK(world.count({.kind = "a"}) == 7);
  CHECK(world.count({.workspace = 1}) == 5);
  CHECK(world.count({.registry = 2}) == 3);
  const store::Sight sight{.workspaces = {1}, .registries = {2}}, nothing;
  CHECK(world.count({.only = &sight}) == 7);  // 2 and 10 are of registry 2 and of no workspace.
  CHECK(world.count({.only = &nothing}) == 0);
  const auto taken = world.take();
  CHECK(world.count({.state = JobState::running}) == 1);
  world.finish(taken->id);
  CHECK(world.count({.state = JobState::done}) == 1);
  world.now_ms += 10;
  CHECK(world.write<std::size_t>(
            [&](Writer& writer) { return store::delete_jobs_before(writer, world.now_ms); }) == 1);
  CHECK(world.count({}) == 12);
}

TEST_CASE("whatever happens, a key runs once at a time and nothing that was asked is lost",
          "[store][jobs]") {
  JobWorld world;
  std::mt19937 random(11);             // NOLINT(cert-msc51-cpp): repeatable.
  std::map<std::string, bool> wanted;  // Asked for since the last run of the key began.
  std::map<std::string, Id> running;
  constexpr std::int64_t long_lease = 1'000'000'000;
  world.done([&](Writer& writer) -> base::Result<void> {
    for (int step = 0; step < 5000; ++step) {
      const std::string key = "k" + std::to_string(random() % 6);
      switch (random() % 4) {
        case 0:
          REQUIRE(store::enqueue(writer, a_job("a", key), 100, store::WhenRunning::again));
          wanted[key] = true;
          break;
        case 1:
          if (const auto job = store::take_job(writer, {"a"}, long_lease)) {
            REQUIRE(running.count(job->key) == 0);
            running[job->key] = job->id;
            wanted[job->key] = false;
          }
          break;
        case 2:
          if (!running.empty()) {
            REQUIRE(store::finish_job(writer, running.begin()->second, "{}"));
            running.erase(running.begin());
          }
          break;
        default:
          if (!running.empty()) {
            const auto last = std::prev(running.end());
            REQUIRE(store::fail_job(writer, last->second, {}, world.now_ms));
            wanted[last->first] = true;
            running.erase(last);
          }
      }
    }
    // What was asked for is there to be taken, once what runs has ended.
    for (const auto& [key, id] : running) REQUIRE(store::finish_job(writer, id, "{}"));
    std::set<std::string> left;
    while (const auto job = store::take_job(writer, {"a"}, long_lease))
      CHECK(left.insert(job->key).second);
    for (const auto& [key, asked] : wanted) CHECK((!asked || left.count(key) == 1));
    return {};
  });
}
