/// Events and jobs, as lists and as streams.
#include <charconv>

#include "api/registry_access.h"
#include "api/represent.h"
#include "model/words.h"
#include "store/jobs.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;
using model::Action;

constexpr const char* events_list = "events";
constexpr const char* jobs_list = "jobs";
constexpr std::size_t events_at_once = 100;

std::optional<model::Id> number_from(const std::string& text) {
  model::Id out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || out < 0) return {};
  return out;
}

class News {
 public:
  explicit News(Resources& resources) : resources_(resources) {}

  base::Result<Answer> list(Call& call) {
    const auto page = read_page(call, events_list);
    if (!page) return page.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      const View view = view_of(reader, call.caller->principal);
      const store::Sight sight = view.sight();
      store::EventFilter filter;
      filter.kind = call.text("kind");
      filter.only = view.everything ? nullptr : &sight;
      return page_answer(call, events_list,
                         store::list_events(reader, page_request(call, *page), filter), event_json);
    });
  }

  /// Of one registry: whoever sees it, over what he sees.
  base::Result<Answer> list_of_registry(Call& call) {
    const auto page = read_page(call, events_list);
    if (!page) return page.error();
    auto seen = registry_in_path(resources_, call, Action::event_read);
    if (!seen) return seen.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      const store::Sight sight = seen->view.sight();
      store::EventFilter filter;
      filter.registry = seen->row.record.id;
      filter.kind = call.text("kind");
      filter.only = seen->view.everything ? nullptr : &sight;
      return page_answer(call, events_list,
                         store::list_events(reader, page_request(call, *page), filter), event_json);
    });
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
    const auto page = read_page(call, jobs_list);
    if (!page) return page.error();
    return store().read<Answer>([&](store::Reader& reader) -> base::Result<Answer> {
      const View view = view_of(reader, call.caller->principal);
      const store::Sight sight = view.sight();
      store::JobFilter filter;
      filter.kind = call.text("kind");
      filter.only = view.everything ? nullptr : &sight;
      return page_answer(call, jobs_list,
                         store::list_jobs(reader, page_request(call, *page), filter),
                         [&](const model::Job& job) { return shown(job, *call.caller); });
    });
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
    auto written = store().write([&](store::Writer& writer) -> base::Result<void> {
      if (auto done = store::cancel_job(writer, job->id); !done) return done;
      return engine::note(writer, act_of(call), "job.cancel", job->kind + " " + job->key, "", "");
    });
    if (!written) return written.error();
    return Answer{.status = 204};
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
  store::Store& store() { return resources_.daemon.store; }

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

  Resources& resources_;
};

using Handlers = std::function<std::function<base::Result<Answer>(Call&)>(
    base::Result<Answer> (News::*)(Call&))>;

std::vector<Parameter> list_parameters() {
  std::vector<Parameter> out = page_parameters();
  out.push_back({.name = "kind",
                 .schema = R"({"type": "string", "maxLength": 100})",
                 .help = "Only of this kind"});
  return out;
}

void add_events(Routes& routes, const Handlers& to) {
  routes.add({.method = "GET",
              .path = "/api/v1/events",
              .operation = "listEvents",
              .tag = "events",
              .summary = "What happened, newest first",
              .parameters = list_parameters(),
              .answers = {{200, "Events", "A page"}},
              .security = "event.read",
              .handler = to(&News::list)});
  routes.add({.method = "GET",
              .path = "/api/v1/events/stream",
              .operation = "streamEvents",
              .tag = "events",
              .summary = "What happens, as server-sent events",
              .description = "Last-Event-ID goes on where a stream broke off.",
              .answers = {{200, "", "A stream; each `data` is an Event"}},
              .security = "event.read",
              .produces = "text/event-stream",
              .handler = to(&News::stream)});
  for (const RegistryPrefix& prefix : registry_prefixes()) {
    std::vector<Parameter> parameters = list_parameters();
    parameters.insert(parameters.begin(), registry_parameter());
    routes.add({.method = "GET",
                .path = prefix.path + "/registries/{registry}/events",
                .operation = "list" + prefix.operation + "RegistryEvents",
                .tag = "events",
                .summary = "What happened to a registry, newest first",
                .parameters = parameters_of(prefix, std::move(parameters)),
                .answers = {{200, "Events", "A page"}},
                .security = "event.read",
                .handler = to(&News::list_of_registry)});
  }
}

void add_jobs(Routes& routes, const Handlers& to) {
  const Parameter job{.in = Parameter::In::path,
                      .name = "job",
                      .schema = R"({"type": "string", "pattern": "^[0-9]{1,18}$"})",
                      .help = "Id of the job"};
  routes.add({.method = "GET",
              .path = "/api/v1/jobs",
              .operation = "listJobs",
              .tag = "jobs",
              .summary = "Lasting work, newest first",
              .parameters = list_parameters(),
              .answers = {{200, "Jobs", "A page"}},
              .security = "job.read",
              .handler = to(&News::list_jobs)});
  routes.add({.method = "GET",
              .path = "/api/v1/jobs/{job}",
              .operation = "showJob",
              .tag = "jobs",
              .summary = "Show a job",
              .parameters = {job},
              .answers = {{200, "Job", "As it is now"}},
              .security = "job.read",
              .handler = to(&News::show_job)});
  routes.add({.method = "GET",
              .path = "/api/v1/jobs/{job}/stream",
              .operation = "streamJob",
              .tag = "jobs",
              .summary = "Follow a job, as server-sent events",
              .parameters = {job},
              .answers = {{200, "", "A stream; each `data` is a Job"}},
              .security = "job.read",
              .produces = "text/event-stream",
              .handler = to(&News::stream_job)});
  routes.add({.method = "DELETE",
              .path = "/api/v1/jobs/{job}",
              .operation = "cancelJob",
              .tag = "jobs",
              .summary = "Cancel a job that waits",
              .parameters = {job},
              .answers = {{204, "", "Cancelled"}},
              .security = "job.write",
              .handler = to(&News::cancel_job)});
}

}  // namespace

void add_event_routes(Routes& routes, Resources& resources) {
  const auto news = std::make_shared<News>(resources);
  const Handlers to = [news](base::Result<Answer> (News::*method)(Call&)) {
    return [news, method](Call& call) { return ((*news).*method)(call); };
  };
  add_events(routes, to);
  add_jobs(routes, to);
}

}  // namespace portolan::api
