/// Events and jobs, as lists and as streams.
#include <charconv>
#include <type_traits>

#include "api/registry_access.h"
#include "api/represent.h"
#include "api/resources.h"
#include "model/words.h"
#include "store/jobs.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

constexpr const char* events_list = "events";
constexpr std::size_t events_at_once = 100;

std::optional<model::Id> number_from(const std::string& text) {
  model::Id out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || out < 0) return {};
  return out;
}

class News : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> list(Call& call) {
    return list_answer(
        call, events_list,
        [&](store::Reader& reader, const store::PageRequest& request) {
          return events_of(reader, request, call, view_of(reader, call.caller->principal), {});
        },
        event_json);
  }

  /// Of one registry: whoever sees it, over what he sees.
  base::Result<Answer> list_of_registry(Call& call) {
    auto seen = registry_in_path(resources_, call, Action::event_read);
    if (!seen) return seen.error();
    return list_answer(
        call, events_list,
        [&](store::Reader& reader, const store::PageRequest& request) {
          return events_of(reader, request, call, seen->view, seen->row.record.id);
        },
        event_json);
  }

  /// Rights are asked with every look, so that a stream ends to show what its reader lost.
  base::Result<Answer> stream(Call& call) {
    auto first = store().read<model::Id>(
        [](store::Reader& reader) { return base::Result<model::Id>(store::last_event(reader)); });
    if (!first) return first.error();
    Answer answer;
    answer.events.emplace();
    answer.events->bell = resources_.news;
    answer.events->next = [this, caller = call.caller,
                           begin = *first](const std::string& after) -> base::Result<Events> {
      const auto now = resources_.authenticator.again(*caller);
      if (!now) return ended();
      return events_after(*now, number_from(after).value_or(begin));
    };
    return answer;
  }

  base::Result<Answer> list_jobs(Call& call) {
    return list_answer(
        call, "jobs",
        [&](store::Reader& reader, const store::PageRequest& request) {
          const View view = view_of(reader, call.caller->principal);
          const store::Sight sight = view.sight();
          store::JobFilter filter;
          if (!narrow(reader, call, view, filter)) return store::Page<model::Job>();
          filter.kind = call.text("kind");
          filter.state = model::word_from<model::JobState>(call.text("state"));
          filter.only = view.everything ? nullptr : &sight;
          return store::list_jobs(reader, request, filter);
        },
        [&](const model::Job& job) { return shown(job, *call.caller); });
  }

  base::Result<Answer> show_job(Call& call) {
    auto job = job_in_path(call);
    if (!job) return job.error();
    return json_answer(shown(*job, *call.caller));
  }

  base::Result<Answer> cancel_job(Call& call) {
    auto job = job_in_path(call);
    if (!job) return job.error();
    if (auto no = refuse(call, Action::job_write, job->workspace, Action::job_read, "job",
                         call.in_path("job")))
      return *no;
    return write([&](store::Writer& writer) -> base::Result<void> {
      if (auto done = store::cancel_job(writer, job->id); !done) return done;
      return engine::note(writer, act_of(call), "job.cancel", job->kind + " " + job->key, "", "");
    });
  }

  /// An event each time the job changed; the last one is its end.
  base::Result<Answer> stream_job(Call& call) {
    auto job = job_in_path(call);
    if (!job) return job.error();
    Answer answer;
    answer.events.emplace();
    answer.events->bell = resources_.news;
    answer.events->next = [this, caller = call.caller, id = job->id, told = std::string()](
                              const std::string&) mutable { return job_news(*caller, id, told); };
    return answer;
  }

 private:
  /// What `workspace` and `registry` of the query ask for. False: there is none that the caller
  /// sees, so that nothing is of it.
  template <class Filter>
  static bool narrow(store::Reader& reader, const Call& call, const View& view, Filter& filter) {
    if (const std::string& name = call.text("workspace"); !name.empty()) {
      const auto workspace = store::find_workspace(reader, name);
      if (!workspace || !view.sees_workspace(workspace->id)) return false;
      filter.workspace = workspace->id;
    }
    if (const std::string& identity = call.text("registry"); !identity.empty()) {
      const auto registry = registry_named(reader, identity);
      const bool is_there = registry && view.sees_registry(*registry);
      if (is_there) filter.registry = registry->id;
      if constexpr (std::is_same_v<Filter, store::EventFilter>)
        filter.removed_as = identity;  // News outlives what it tells of.
      else if (!is_there)
        return false;
    }
    return true;
  }

  static store::Page<model::Event> events_of(store::Reader& reader,
                                             const store::PageRequest& request, const Call& call,
                                             const View& view, std::optional<model::Id> registry) {
    const store::Sight sight = view.sight();
    store::EventFilter filter;
    if (!narrow(reader, call, view, filter)) return {};
    if (registry) filter.registry = registry;
    filter.kind = call.text("kind");
    filter.only = view.everything ? nullptr : &sight;
    return store::list_events(reader, request, filter);
  }

  static Error ended() {
    return {.code = Code::unauthorized, .message = "the token or session has ended"};
  }

  /// A job holds what a validation found: progress and output are for who may inspect.
  static Json shown(const model::Job& job, const Caller& caller) {
    model::Job part = job;
    const bool own = job.created_by == caller.principal.name;
    if (!own && !model::may(caller.principal, Action::registry_inspect, job.workspace)) {
      part.progress.clear();
      part.output_json.clear();
      if (part.error) part.error->where.clear();
    }
    return job_json(part);
  }

  base::Result<model::Job> job_in_path(const Call& call) {
    const std::string& text = call.in_path("job");
    return store().read<model::Job>([&](store::Reader& reader) -> base::Result<model::Job> {
      auto job = store::find_job(reader, number_from(text).value_or(0));
      if (!job || !sees(view_of(reader, call.caller->principal), *job)) return no_such("job", text);
      return *std::move(job);
    });
  }

  static bool sees(const View& view, const model::Job& job) {
    const auto has = [](const std::vector<model::Id>& ids, std::optional<model::Id> id) {
      return id && std::binary_search(ids.begin(), ids.end(), *id);
    };
    if (view.everything) return true;
    return job.workspace ? has(view.workspaces, job.workspace) : has(view.registries, job.registry);
  }

  base::Result<Events> events_after(const Caller& caller, model::Id since) {
    return store().read<Events>([&](store::Reader& reader) -> base::Result<Events> {
      const View view = view_of(reader, caller.principal);
      const store::Sight sight = view.sight();
      store::EventFilter filter;
      filter.since_id = since;
      filter.only = view.everything ? nullptr : &sight;
      store::PageRequest request;
      request.limit = events_at_once;
      Events out;
      for (const model::Event& event : store::list_events(reader, request, filter).rows)
        out.events.push_back(
            {std::to_string(event.id), event.kind, base::to_text(event_json(event))});
      return out;
    });
  }

  base::Result<Events> job_news(const Caller& caller, model::Id id, std::string& told) {
    return store().read<Events>([&](store::Reader& reader) -> base::Result<Events> {
      Events out;
      const auto job = store::find_job(reader, id);
      out.last = !job || job->ended_ms != 0;
      if (!job) return out;
      std::string now = base::to_text(shown(*job, caller));
      if (now != told) {
        told = now;
        out.events.push_back({"", "job", std::move(now)});
      }
      return out;
    });
  }
};

Parameter kind_parameter() { return text_parameter("kind", "Only of this kind", 100); }
std::vector<Parameter> filters(const std::string& also = "") {
  return {kind_parameter(),
          text_parameter("registry", "Only of this registry: `name`, or `workspace/name`" + also),
          text_parameter("workspace", "Only of this workspace")};
}

void add_events(const Table<News>& table) {
  table.get("/events", &News::list, "listEvents", "What happened, newest first")
      .paged()
      .takes(filters("; those too that were removed under that name"))
      .takes({search_parameter()})
      .gives(200, "Events", "A page")
      .needs("event.read");
  table.get("/events/stream", &News::stream, "streamEvents", "What happens, as server-sent events")
      .says("Last-Event-ID goes on where a stream broke off.")
      .gives(200, "", "A stream; each `data` is an Event")
      .needs("event.read")
      .produces("text/event-stream");
  for (const Place& place : registry_places("events"))
    table.at(place)
        .get("/events", &News::list_of_registry, "list*RegistryEvents",
             "What happened to a registry, newest first")
        .paged()
        .takes({kind_parameter()})
        .gives(200, "Events", "A page")
        .needs("event.read");
}

void add_jobs(const Table<News>& table) {
  table.get("", &News::list_jobs, "listJobs", "Lasting work, newest first")
      .paged()
      .takes(filters())
      .takes({choice_parameter("state", "Only in this state",
                               {"queued", "running", "done", "failed", "cancelled"})})
      .gives(200, "Jobs", "A page")
      .needs("job.read");
  const Parameter job = id_parameter("job");
  table.get("/{job}", &News::show_job, "showJob", "Show a job")
      .takes({job})
      .gives(200, "Job", "As it is now")
      .needs("job.read");
  table.get("/{job}/stream", &News::stream_job, "streamJob", "Follow a job, as server-sent events")
      .takes({job})
      .gives(200, "", "A stream; each `data` is a Job")
      .needs("job.read")
      .produces("text/event-stream");
  table.remove("/{job}", &News::cancel_job, "cancelJob", "Cancel a job that waits")
      .takes({job})
      .gives(204, "", "Cancelled")
      .needs("job.write");
}

}  // namespace

void add_event_routes(Routes& routes, Resources& resources) {
  const Table<News> table(routes, resources);
  add_events(table.at({"events"}));
  add_jobs(table.at({"jobs", "/jobs"}));
}

}  // namespace portolan::api
