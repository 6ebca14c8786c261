/// The audit: who did what, its proof, its export.
#include "api/binder.h"
#include "api/resources.h"
#include "model/json.h"
#include "store/audit.h"
#include "store/jobs.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;

/// Texts of the store that hold JSON; null where there is none.
Json parsed(const std::string& text) {
  if (text.empty()) return {};
  auto json = base::parse_json(text);
  return json ? *std::move(json) : Json();
}

Json to_json(const model::AuditEntry& entry) {
  Json out = Json::object();
  out.set("id", Json::integer(entry.id));
  out.set("at", Json::string(model::utc_time(entry.at_ms)));
  out.set("actor", model::text_or_null(entry.actor));
  out.set("action", Json::string(entry.action));
  out.set("subject", Json::string(entry.subject));
  out.set("outcome", Json::string(entry.outcome));
  out.set("remote", model::text_or_null(entry.remote));
  out.set("request_id", model::text_or_null(entry.request_id));
  out.set("before", parsed(entry.before_json));
  out.set("after", parsed(entry.after_json));
  out.set("hash", Json::string(entry.hash));
  return out;
}

/// A line of an export: what the hash is over, as it is kept.
Json line_json(const model::AuditEntry& entry, const std::string& hash_before) {
  Json out = Json::object();
  out.set("id", Json::integer(entry.id));
  out.set("at_ms", Json::integer(entry.at_ms));
  out.set("actor", Json::string(entry.actor));
  out.set("action", Json::string(entry.action));
  out.set("subject", Json::string(entry.subject));
  out.set("remote", Json::string(entry.remote));
  out.set("request_id", Json::string(entry.request_id));
  out.set("outcome", Json::string(entry.outcome));
  out.set("before_json", Json::string(entry.before_json));
  out.set("after_json", Json::string(entry.after_json));
  out.set("hash_before", Json::string(hash_before));
  out.set("hash", Json::string(entry.hash));
  return out;
}

Json id_or_null(model::Id id) { return id == 0 ? Json() : Json::integer(id); }

class Audit : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> list(Call& call) {
    store::AuditFilter filter;
    filter.actor = call.text("actor");
    filter.action = call.text("action");
    filter.subject = call.text("subject");
    for (const auto& [name, bound] :
         {std::pair{"from", &filter.from_ms}, std::pair{"to", &filter.to_ms}}) {
      const std::string& text = call.text(name);
      *bound = model::unix_ms_from(text);
      if (!text.empty() && *bound == 0)
        return Error{.code = Code::invalid_argument,
                     .message = "the time is not in the form 2026-01-31T10:00:00Z",
                     .where = name};
    }
    return list_answer(
        call, "audit",
        [&](store::Reader& reader, const store::PageRequest& request) {
          return store::list_audit(reader, request, filter);
        },
        to_json);
  }

  base::Result<Answer> verify(Call&) {
    return read([&](store::Reader& reader) {
      const auto entries = store::verify_audit(reader);
      const store::AuditReach reach = store::audit_reach(reader);
      Json out = Json::object();
      out.set("intact", Json::boolean(entries.has_value()));
      out.set("entries", entries ? Json::integer(static_cast<std::int64_t>(*entries)) : Json());
      out.set("message", entries ? Json() : Json::string(entries.error().message));
      out.set("first", id_or_null(reach.first));
      out.set("since", model::text_or_null(model::utc_time(reach.since_ms)));
      out.set("exported", id_or_null(reach.exported));
      return json_answer(out);
    });
  }

  /// Bounded answers that follow each other: a client that breaks off goes on where it was.
  base::Result<Answer> export_lines(Call& call) {
    return read([&](store::Reader& reader) {
      const auto slice = store::audit_after(reader, call.number("after"),
                                            static_cast<std::size_t>(call.number("limit")));
      std::string lines, before = slice.hash_before;
      for (const model::AuditEntry& entry : slice.entries) {
        lines += base::to_text(line_json(entry, before)) + "\n";
        before = entry.hash;
      }
      Answer answer;
      answer.headers = {{"Content-Type", ndjson}};
      if (!slice.entries.empty())
        answer.headers.push_back(
            {"Link", "<" + call.request.path + "?limit=" + std::to_string(call.number("limit")) +
                         "&after=" + std::to_string(slice.entries.back().id) + ">; rel=\"next\""});
      answer.body = std::make_shared<const std::string>(std::move(lines));
      return answer;
    });
  }

  base::Result<Answer> mark_exported(Call& call) {
    const model::Id through = call.body.find("through")->as_integer().value_or(0);
    return write([&](store::Writer& writer) -> base::Result<void> {
      if (auto kept = store::mark_audit_exported(writer, through, text_of(call.body, "hash"));
          !kept)
        return kept;
      return engine::note(writer, act_of(call), "audit.export",
                          "through " + std::to_string(through), "", "");
    });
  }

  static constexpr const char* ndjson = "application/x-ndjson";
};

void add_components(Routes& routes) {
  routes.component("AuditEntries", R"({"type": "object", "required": ["items"], "properties": {
      "items": {"type": "array", "items": {"type": "object", "required": ["id", "at", "actor",
        "action", "subject", "outcome", "hash"], "properties": {
          "id": {"type": "integer"}, "at": {"type": "string", "format": "date-time"},
          "actor": {"type": ["string", "null"]}, "action": {"type": "string"},
          "subject": {"type": "string"},
          "outcome": {"type": "string", "description": "ok, or the code of the refusal"},
          "remote": {"type": ["string", "null"]}, "request_id": {"type": ["string", "null"]},
          "before": {}, "after": {},
          "hash": {"type": "string", "description": "Chains the entry to the one before."}}}}}})");
  routes.component("AuditVerification", R"({"type": "object", "required": ["intact", "entries",
    "message", "first", "since", "exported"], "properties": {"intact": {"type": "boolean"},
      "entries": {"type": ["integer", "null"], "description": "So many are proved."},
      "message": {"type": ["string", "null"]},
      "first": {"type": ["integer", "null"],
        "description": "The oldest entry that is here; those before it were dropped."},
      "since": {"type": ["string", "null"], "format": "date-time", "description": "Its time."},
      "exported": {"type": ["integer", "null"],
        "description": "Up to this entry somebody said that he keeps an export."}}})");
  routes.component("AuditExported", R"({"type": "object", "additionalProperties": false,
    "required": ["through", "hash"], "properties": {
      "through": {"type": "integer", "minimum": 1, "maximum": 9007199254740991},
      "hash": {"type": "string", "minLength": 64, "maxLength": 64,
        "description": "Of that entry, as exported."}}})");
}

}  // namespace

void add_audit_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  const Table<Audit> table = Table<Audit>(routes, resources).at({"operations", "/audit"});
  table.get("", &Audit::list, "listAudit", "Who did what, newest first")
      .paged()
      .takes({text_parameter("actor", "Only of this actor"),
              text_parameter("action", "Only this action"),
              text_parameter("subject", "Only about this object"),
              {.name = "from",
               .schema = time_schema,
               .help = "From this time on, 2026-01-31T10:00:00Z"},
              {.name = "to", .schema = time_schema, .help = "Before this time"}})
      .gives(200, "AuditEntries", "A page")
      .needs("audit.read");
  table.get("/verification", &Audit::verify, "verifyAudit", "Check the chain of hashes")
      .gives(200, "AuditVerification", "Whether it is intact")
      .needs("audit.read");
  table
      .get("/export", &Audit::export_lines, "exportAudit",
           "The audit as lines of JSON, oldest first")
      .says(
          "Each line has what its hash is over, and the hash before it. The Link leads on; an "
          "answer without lines is the end.")
      .takes({{.name = "after",
               .schema = R"({"type": "integer", "minimum": 0, "maximum": 9007199254740991,
                   "default": 0})",
               .help = "Behind this entry"},
              {.name = "limit",
               .schema = R"({"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000})",
               .help = "How many lines at most"}})
      .gives(200, "", "Entries, each a line")
      .needs("audit.read")
      .produces(Audit::ndjson);
  table
      .post("/exported", &Audit::mark_exported, "markAuditExported",
            "Say that an export is kept safely")
      .says("With audit.keep-until-exported no entry is dropped before this was said of it.")
      .body("AuditExported")
      .gives(204, "", "Written down")
      .needs("daemon.write");
}

}  // namespace portolan::api
