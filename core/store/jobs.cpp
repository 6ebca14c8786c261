#include "store/jobs.h"

#include "model/json.h"
#include "store/paging.h"

namespace portolan::store {
namespace {

using base::Error;
using base::Result;
using model::Job;

constexpr std::string_view columns =
    "j.id, j.kind, j.key, j.input_json, j.output_json, j.state, j.run_at_ms, j.lease_until_ms, "
    "j.created_ms, j.ended_ms, j.attempt, j.error_json, j.workspace, j.registry, j.created_by, "
    "j.progress";

Job read_job(Rows& rows) {
  Job job;
  rows.into(job.id, job.kind, job.key, job.input_json, job.output_json);
  job.state = read_word<model::JobState>(rows);
  rows.into(job.run_at_ms, job.lease_until_ms, job.created_ms, job.ended_ms, job.attempt);
  if (const auto error = rows.get<std::optional<base::Json>>())
    job.error = model::error_from(*error);
  rows.into(job.workspace, job.registry, job.created_by, job.progress);
  return job;
}

Error not_running() {
  return {.code = base::Code::conflict,
          .message = "the job does not run",
          .hint = "It has ended, was cancelled, or waits to be tried again."};
}

Id add(Writer& writer, const Job& job) {
  return insert(
      writer,
      "INSERT INTO job (kind, key, input_json, output_json, state, run_at_ms, lease_until_ms, "
      "created_ms, ended_ms, attempt, workspace, registry, created_by, progress) "
      "VALUES (?, ?, ?, '', 'queued', ?, 0, ?, 0, 0, ?, ?, ?, '')",
      {job.kind, job.key, job.input_json, job.run_at_ms, now_ms(writer), job.workspace,
       job.registry, job.created_by});
}

Result<Job> join(Writer& writer, const Job& there, const Job& wanted, WhenRunning when_running) {
  if (there.state == model::JobState::queued) {
    execute(writer, "UPDATE job SET run_at_ms = MIN(run_at_ms, ?) WHERE id = ?",
            {wanted.run_at_ms, there.id});
  } else if (when_running == WhenRunning::again) {
    execute(writer,
            "UPDATE job SET again_ms = CASE WHEN again_json IS NULL THEN ? ELSE MIN(again_ms, ?) "
            "END, again_json = ? WHERE id = ?",
            {wanted.run_at_ms, wanted.run_at_ms, wanted.input_json, there.id});
  }
  return *find_job(writer, there.id);
}

/// The job that was asked for while `job`, which has ended, ran.
void follow(Writer& writer, Id job) {
  std::string input;
  std::int64_t due = 0;
  {
    Rows rows = query(
        writer, "SELECT again_json, again_ms FROM job WHERE id = ? AND again_json IS NOT NULL",
        {job});
    if (!rows.next()) return;
    rows.into(input, due);
  }
  Job next = *find_job(writer, job);
  next.input_json = std::move(input);
  next.run_at_ms = due;
  add(writer, next);
}

std::optional<Id> due_job(Reader& reader, const std::vector<std::string>& kinds, std::int64_t now) {
  const base::Json names = model::texts(kinds);
  const auto lapsed = scalar<Id>(reader,
                                 "SELECT id FROM job WHERE state = 'running' "
                                 "AND lease_until_ms <= ? "
                                 "AND kind IN (SELECT value FROM json_each(?)) "
                                 "ORDER BY lease_until_ms, id LIMIT 1",
                                 {now, names});
  if (lapsed) return lapsed;
  return scalar<Id>(reader,
                    "SELECT id FROM job WHERE state = 'queued' AND run_at_ms <= ? "
                    "AND kind IN (SELECT value FROM json_each(?)) "
                    "ORDER BY run_at_ms, id LIMIT 1",
                    {now, names});
}

}  // namespace

std::optional<Job> live_job(Reader& reader, const std::string& kind, const std::string& key) {
  const auto id = scalar<Id>(reader,
                             "SELECT id FROM job WHERE kind = ? AND key = ? "
                             "AND state IN ('queued', 'running')",
                             {kind, key});
  return id ? find_job(reader, *id) : std::nullopt;
}

Result<Job> enqueue(Writer& writer, Job job, std::size_t queue_limit, WhenRunning when_running) {
  if (job.run_at_ms == 0) job.run_at_ms = now_ms(writer);
  if (const auto there = live_job(writer, job.kind, job.key))
    return join(writer, *there, job, when_running);
  const auto waiting =
      scalar<std::size_t>(writer, "SELECT COUNT(*) FROM job WHERE state = 'queued'");
  if (waiting.value_or(0) >= queue_limit) {
    return Error{.code = base::Code::limit,
                 .message = "too many jobs wait already",
                 .hint = "Try again when some are done; `portolan job list` shows what waits."};
  }
  return *find_job(writer, add(writer, job));
}

std::optional<Job> take_job(Writer& writer, const std::vector<std::string>& kinds,
                            std::int64_t lease_ms) {
  const std::int64_t now = now_ms(writer);
  const auto id = due_job(writer, kinds, now);
  if (!id) return std::nullopt;
  execute(writer,
          "UPDATE job SET state = 'running', lease_until_ms = ?, attempt = attempt + 1 "
          "WHERE id = ?",
          {now + lease_ms, *id});
  return find_job(writer, *id);
}

Result<void> note_progress(Writer& writer, Id job, const std::string& progress,
                           std::int64_t lease_ms) {
  const int changed = execute(
      writer, "UPDATE job SET progress = ?, lease_until_ms = ? WHERE id = ? AND state = 'running'",
      {progress, now_ms(writer) + lease_ms, job});
  if (changed == 0) return not_running();
  return {};
}

Result<void> finish_job(Writer& writer, Id job, const std::string& output_json) {
  const int changed =
      execute(writer,
              "UPDATE job SET state = 'done', output_json = ?, error_json = NULL, ended_ms = ?, "
              "lease_until_ms = 0, progress = '' WHERE id = ? AND state = 'running'",
              {output_json, now_ms(writer), job});
  if (changed == 0) return not_running();
  follow(writer, job);
  return {};
}

Result<void> fail_job(Writer& writer, Id job, const Error& error, std::int64_t retry_at_ms) {
  const bool again = retry_at_ms != 0;
  const int changed =
      execute(writer,
              "UPDATE job SET state = ?, error_json = ?, run_at_ms = CASE WHEN ? THEN ? ELSE "
              "run_at_ms END, "
              "ended_ms = ?, lease_until_ms = 0, progress = '' WHERE id = ? AND state = 'running'",
              {to_string(again ? model::JobState::queued : model::JobState::failed),
               model::to_json(error), again, retry_at_ms, again ? 0 : now_ms(writer), job});
  if (changed == 0) return not_running();
  if (again) {
    // It looks anew when it runs again: with the newest input, and then not once more.
    execute(writer,
            "UPDATE job SET input_json = COALESCE(again_json, input_json), again_json = NULL "
            "WHERE id = ?",
            {job});
  } else {
    follow(writer, job);
  }
  return {};
}

Result<void> cancel_job(Writer& writer, Id job) {
  const auto there = find_job(writer, job);
  if (!there) return missing("the job");
  if (there->state != model::JobState::queued) {
    return Error{
        .code = base::Code::conflict,
        .message = "the job does not wait any more: it is " + std::string(to_string(there->state)),
        .hint = "Only a job that waits can be cancelled."};
  }
  execute(writer, "UPDATE job SET state = 'cancelled', ended_ms = ? WHERE id = ?",
          {now_ms(writer), job});
  return {};
}

std::optional<Job> find_job(Reader& reader, Id id) {
  static const std::string sql = "SELECT " + std::string(columns) + " FROM job j WHERE j.id = ?";
  Rows rows = query(reader, sql, {id});
  if (!rows.next()) return std::nullopt;
  return read_job(rows);
}

Page<Job> list_jobs(Reader& reader, const PageRequest& request, const JobFilter& filter) {
  List list({.columns = columns,
             .from = "job j",
             .id = "j.id",
             .search = "j.key",
             .sorts = {{"newest", "j.id", true}, {"oldest", "j.id"}}});
  if (filter.workspace) list.where("j.workspace = ?", {*filter.workspace});
  if (filter.registry) list.where("j.registry = ?", {*filter.registry});
  if (!filter.kind.empty()) list.where("j.kind = ?", {filter.kind});
  if (filter.state) list.where("j.state = ?", {to_string(*filter.state)});
  if (filter.only) {
    list.where(
        "(j.workspace IN (SELECT value FROM json_each(?)) OR j.workspace IS NULL AND "
        "j.registry IN (SELECT value FROM json_each(?)))",
        {id_list(filter.only->workspaces), id_list(filter.only->registries)});
  }
  return list.page<Job>(reader, request, read_job);
}

std::int64_t next_job_at(Reader& reader) {
  const auto soonest = [&](std::string_view sql) {
    return scalar<std::optional<std::int64_t>>(reader, sql).value_or(std::nullopt);
  };
  const auto due = soonest("SELECT MIN(run_at_ms) FROM job WHERE state = 'queued'");
  const auto lapse = soonest("SELECT MIN(lease_until_ms) FROM job WHERE state = 'running'");
  if (due && lapse) return std::min(*due, *lapse);
  return due.value_or(lapse.value_or(0));
}

std::map<std::string, std::size_t> live_jobs(Reader& reader) {
  std::map<std::string, std::size_t> counts;
  for (Rows rows = query(reader,
                         "SELECT kind, COUNT(*) FROM job WHERE state IN ('queued', 'running') "
                         "GROUP BY kind");
       rows.next();) {
    std::string kind = rows.get<std::string>();
    counts[std::move(kind)] = rows.get<std::size_t>();
  }
  return counts;
}

Result<std::size_t> delete_jobs_before(Writer& writer, std::int64_t ms) {
  return static_cast<std::size_t>(
      execute(writer, "DELETE FROM job WHERE ended_ms <> 0 AND ended_ms < ?", {ms}));
}

}  // namespace portolan::store
