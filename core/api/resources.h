#pragma once
/// The resources of /api/v1: what each file of routes needs, and where it adds them.
#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/caller.h"
#include "api/conditional.h"
#include "api/paging.h"
#include "api/routes.h"
#include "api/target.h"
#include "engine/daemon.h"
#include "store/store.h"

namespace portolan::engine {
class Fleet;
class Grants;
class JobRunner;
class Registries;
}  // namespace portolan::engine

namespace portolan::api {

/// Idempotency keys whose requests are being answered.
class RunningKeys {
 public:
  using Key = std::pair<model::Id, std::string>;
  /// Ends with its last copy; null: somebody has it.
  using Claim = std::shared_ptr<const Key>;
  Claim claim(model::Id user, const std::string& key) EXCLUDES(mutex_);

 private:
  base::Mutex mutex_;
  std::set<Key> running_ GUARDED_BY(mutex_);
};

/// Made once by the composition root; outlives the routes.
struct Resources {
  const engine::Daemon& daemon;
  const engine::Fleet& fleet;
  engine::Registries& registries;
  engine::Grants& grants;
  engine::JobRunner& jobs;
  Authenticator& authenticator;
  /// Reads the configuration anew; everything or nothing.
  std::function<base::Result<base::Json>()> reload;
  Bell news;  ///< Rung after every committed write.
  std::shared_ptr<RunningKeys> running_keys = std::make_shared<RunningKeys>();
};

void add_account_routes(Routes&, Resources&);  ///< setup, session, me, users
void add_token_routes(Routes&, Resources&);
void add_workspace_routes(Routes&, Resources&);  ///< workspaces, members, namespaces
void add_operation_routes(Routes&, Resources&);  ///< plugins, types, reload
void add_audit_routes(Routes&, Resources&);
void add_webhook_routes(Routes&, Resources&);
void add_registry_routes(Routes&, Resources&);       ///< registries: list, try, integrate, change
void add_registry_view_routes(Routes&, Resources&);  ///< overview, checks, statistics
void add_space_routes(Routes&, Resources&);          ///< spaces, bindings, push
void add_image_routes(Routes&, Resources&);  ///< repositories, tags, images, pull secrets, search
void add_event_routes(Routes&, Resources&);  ///< events and jobs, their streams

/// The string member `key` of a body, or empty.
std::string text_of(const base::Json& body, std::string_view key);

/// What the audit says of this call.
engine::Act act_of(const Call& call);

/// The workspace of that name when the caller may `action` in it, else not_found (never forbidden,
/// so that foreign names stay unknown); forbidden only when he is a member without the right.
base::Result<model::Workspace> workspace_for(const Resources&, const Call&, model::Action,
                                             const std::string& name);

/// not_found for what the caller may not even see.
base::Error no_such(std::string_view what, const std::string& name);

/// Nothing when the caller may `action` on what belongs to `workspace`; else forbidden, or
/// not_found when he may not even `see` it.
std::optional<base::Error> refuse(const Call& call, model::Action action,
                                  std::optional<model::Id> workspace, model::Action see,
                                  std::string_view what, const std::string& name);

/// Runs a creating `body` once per Idempotency-Key: the same key and request again gives the answer
/// of the first time, another request under the key is a conflict.
base::Result<Answer> once(const Resources&, const Call&,
                          const std::function<base::Result<Answer>()>& body);

template <class Record>
std::string revision_of(const Record& record) {
  return std::to_string(record.id) + "." + std::to_string(record.provenance.revision);
}

/// "\"12.3\"", the third revision of row 12: a name that is made again is another row.
template <class Record>
std::string etag_of_record(const Record& record) {
  return etag_of(revision_of(record));
}

/// 412 when the request's If-Match is not this ETag.
std::optional<Answer> unless_match(Call& call, const std::string& etag);

/// 412 when the request's If-Match is not this record as it is now. Handlers then write with the
/// revision they read, so that a change in between is a conflict.
template <class Record>
std::optional<Answer> stale(Call& call, const Record& record) {
  return unless_match(call, etag_of_record(record));
}

/// What a write made of a record, with the ETag of its revision.
template <class Record>
Answer resource_answer(const base::Json& body, const Record& record, int status = 200) {
  Answer answer = json_answer(body, status);
  answer.headers.push_back({"ETag", etag_of_record(record)});
  return answer;
}

/// What is shown of a record: the ETag changes with whatever the body shows, and names the
/// revision.
template <class Record>
Answer shown_answer(const base::Json& body, const Record& record) {
  Answer answer = json_answer(body);
  answer.headers.push_back({"ETag", etag_of(revision_of(record), *answer.body)});
  return answer;
}

template <class Record>
Answer created(const base::Json& body, const Record& record, std::string location) {
  Answer answer = resource_answer(body, record, 201);
  answer.headers.push_back({"Location", std::move(location)});
  return answer;
}

Answer no_content();

/// What a page of `list` asks for: `limit`, `cursor`, and `search` and `sort` where the route
/// declares them. invalid_argument as read_page().
base::Result<store::PageRequest> page_request(const Call& call, std::string_view list);

/// {"items": [...]}
template <class Row, class ToJson>
base::Json items_json(const std::vector<Row>& rows, const ToJson& to_json) {
  base::Json items = base::Json::array();
  for (const Row& row : rows) items.push(to_json(row));
  return base::Json::object({{"items", std::move(items)}});
}

/// {"items": [...]} with the Link to the next page.
template <class Row, class ToJson>
Answer page_answer(const Call& call, std::string_view list, const store::Page<Row>& page,
                   const ToJson& to_json) {
  Answer answer = json_answer(items_json(page.rows, to_json));
  if (!page.next.empty()) link_next(answer, call, list, {page.next});
  return answer;
}

/// The page of a list that the store gives whole. `key_of` names a row, and orders the list.
template <class Row, class KeyOf, class ToJson>
Answer page_of_all(const Call& call, std::string_view list, const store::PageRequest& request,
                   std::vector<Row> rows, const KeyOf& key_of, const ToJson& to_json) {
  std::erase_if(rows, [&](const Row& row) { return key_of(row) <= request.after; });
  std::sort(rows.begin(), rows.end(),
            [&](const Row& a, const Row& b) { return key_of(a) < key_of(b); });
  store::Page<Row> page;
  if (rows.size() > request.limit) {
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(request.limit), rows.end());
    page.next = key_of(rows.back());
  }
  page.rows = std::move(rows);
  return page_answer(call, list, page, to_json);
}
/// A key in the order of numbers.
std::string key_of_id(model::Id id);

/// What every class of handlers has. It lives as long as its routes.
class Handlers {
 public:
  explicit Handlers(Resources& resources) : resources_(resources) {}

 protected:
  store::Store& store() const { return resources_.daemon.store; }

  /// What `body` answers of a reader, an Answer or base::Result<Answer>.
  template <class Body>
  base::Result<Answer> read(const Body& body) const {
    return store().template read<Answer>(
        [&](store::Reader& reader) -> base::Result<Answer> { return body(reader); });
  }

  /// No content, when `body` (base::Result<void>) could write.
  template <class Body>
  base::Result<Answer> write(const Body& body) const {
    auto written = store().write(body);
    if (!written) return written.error();
    return no_content();
  }

  /// The page of `list` that was asked for; `rows_of(reader, page request)` is the store's.
  template <class RowsOf, class ToJson>
  base::Result<Answer> list_answer(const Call& call, std::string_view list, const RowsOf& rows_of,
                                   const ToJson& to_json) const {
    const auto request = page_request(call, list);
    if (!request) return request.error();
    return read([&](store::Reader& reader) {
      return page_answer(call, list, rows_of(reader, *request), to_json);
    });
  }

  /// The same of a list that `all_of(reader)` gives whole.
  template <class AllOf, class KeyOf, class ToJson>
  base::Result<Answer> whole_list_answer(const Call& call, std::string_view list,
                                         const AllOf& all_of, const KeyOf& key_of,
                                         const ToJson& to_json) const {
    const auto request = page_request(call, list);
    if (!request) return request.error();
    return read([&](store::Reader& reader) {
      return page_of_all(call, list, *request, all_of(reader), key_of, to_json);
    });
  }

  Resources& resources_;
};

}  // namespace portolan::api
