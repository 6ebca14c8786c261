/// `audit export`: the audit in a file, proved while it is written, then marked as kept.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "cli/client/client.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "store/audit.h"

namespace portolan::cli {
namespace {

using base::Code;
using base::Error;
using base::Json;

/// A file that was not there; what is in it at the end is on the disk.
class NewFile {
 public:
  explicit NewFile(std::filesystem::path path) : path_(std::move(path)) {}
  ~NewFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  base::Result<void> open() {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return check(descriptor_ >= 0);
  }
  base::Result<void> write(std::string_view text) {
    return check(base::write_all(descriptor_, text));
  }
  /// The file, and that it is in its folder.
  base::Result<void> sync() {
    return check(::fsync(descriptor_) == 0 && base::sync_folder(base::folder_of(path_)));
  }

 private:
  base::Result<void> check(bool good) {
    if (good) return {};
    return Error{.code = Code::invalid_argument,
                 .message = std::string("the file cannot be written: ") + std::strerror(errno),
                 .hint = "Name a file that does not exist, in a folder with room.",
                 .where = path_.string()};
  }

  std::filesystem::path path_;
  int descriptor_ = -1;
};

std::string text_at(const Json& line, const char* key) {
  const Json* value = line.find(key);
  const std::string* text = value ? value->as_string() : nullptr;
  return text ? *text : std::string();
}

std::int64_t number_at(const Json& line, const char* key) {
  const Json* value = line.find(key);
  return value ? value->as_integer().value_or(0) : 0;
}

model::AuditEntry entry_of(const Json& line) {
  model::AuditEntry entry;
  entry.id = number_at(line, "id");
  entry.at_ms = number_at(line, "at_ms");
  entry.actor = text_at(line, "actor");
  entry.action = text_at(line, "action");
  entry.subject = text_at(line, "subject");
  entry.remote = text_at(line, "remote");
  entry.request_id = text_at(line, "request_id");
  entry.outcome = text_at(line, "outcome");
  entry.before_json = text_at(line, "before_json");
  entry.after_json = text_at(line, "after_json");
  entry.hash = text_at(line, "hash");
  return entry;
}

/// The chain as far as it was read.
struct Chain {
  std::int64_t count = 0, last = 0;
  std::string hash;

  /// Whether `line` goes on with it.
  base::Result<void> add(const Json& line) {
    const model::AuditEntry entry = entry_of(line);
    const std::string before = text_at(line, "hash_before");
    const bool follows =
        count == 0 ? entry.id > 1 || before.empty() : entry.id == last + 1 && before == hash;
    if (!follows || entry.hash != store::audit_hash(entry, before))
      return Error{.message = "the audit was changed: an entry does not fit the one before it",
                   .hint = "Nothing was marked as exported. Ask portolan audit verify.",
                   .where = "entry " + std::to_string(entry.id)};
    ++count;
    last = entry.id;
    hash = entry.hash;
    return {};
  }
};

/// All entries behind `after` into `file`, which is made with the first.
base::Result<Chain> copy(Client& client, std::int64_t after, NewFile& file) {
  Chain chain;
  std::string target = "/api/v1/audit/export?after=" + std::to_string(after);
  while (!target.empty()) {
    auto reply = client.send("GET", target);
    if (!reply) return reply.error();
    if (!reply->body.items().empty() && chain.count == 0)
      if (auto opened = file.open(); !opened) return opened.error();
    for (const Json& line : reply->body.items()) {
      if (auto fits = chain.add(line); !fits) return fits.error();
      if (auto written = file.write(base::to_text(line) + "\n"); !written) return written.error();
    }
    target = reply->next;
  }
  if (chain.count == 0) return chain;
  if (auto kept = file.sync(); !kept) return kept.error();
  return chain;
}

base::Result<std::int64_t> first_wanted(Session& session, Client& client) {
  if (const auto given = session.args().number("after")) return static_cast<std::int64_t>(*given);
  auto reply = client.send("GET", "/api/v1/audit/verification");
  if (!reply) return reply.error();
  return number_at(reply->body, "exported");
}

}  // namespace

int export_audit(Session& session) {
  const auto refuse = [&](const Error& error) {
    return session.fail(error, client_exit_code(error));
  };
  if (!session.args().has("to"))
    return refuse({.code = Code::invalid_argument,
                   .message = "--to is missing",
                   .hint = "portolan audit export --help"});
  auto client = Client::open(session);
  if (!client) return refuse(client.error());
  const auto after = first_wanted(session, *client);
  if (!after) return refuse(after.error());
  NewFile file(session.args().value("to"));
  const auto chain = copy(*client, *after, file);
  if (!chain) return refuse(chain.error());
  if (chain->count == 0) {
    session.terminal().err << "nothing is new behind entry " << *after << '\n';
    return exit_ok;
  }
  if (!session.args().has("no-mark")) {
    Json body = Json::object();
    body.set("through", Json::integer(chain->last));
    body.set("hash", Json::string(chain->hash));
    if (auto marked = client->send("POST", "/api/v1/audit/exported", body); !marked)
      return refuse(marked.error());
  }
  Json out = Json::object();
  out.set("file", Json::string(session.args().value("to")));
  out.set("entries", Json::integer(chain->count));
  out.set("through", Json::integer(chain->last));
  out.set("hash", Json::string(chain->hash));
  if (!session.print(out))
    session.terminal().out << chain->count << " entries, through " << chain->last << " with hash "
                           << chain->hash << '\n';
  return exit_ok;
}

}  // namespace portolan::cli
