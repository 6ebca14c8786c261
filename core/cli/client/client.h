#pragma once
/// Requests to a daemon, from the command line.
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "cli/session.h"
#include "net/transport.h"

namespace portolan::cli {

struct Reply {
  int status = 0;
  std::string location, next;  ///< Location; the path of Link rel="next".
  std::string cookie;          ///< Set-Cookie.
  base::Json body;             ///< Null: none.
};

/// One daemon, with a token or without. Used by one thread.
class Client {
 public:
  /// --server and PORTOLAN_SERVER say where, --token-from, PORTOLAN_TOKEN and PORTOLAN_TOKEN_FILE
  /// with what; an `anonymous` one shows no token. Errors are of the command line or of a
  /// reference.
  static base::Result<Client> open(Session& session, bool anonymous = false);

  /// `target` below the server: "/api/v1/registries?limit=2". A problem of the daemon is the Error
  /// it describes; where it cannot be reached: unreachable.
  base::Result<Reply> send(const std::string& method, const std::string& target,
                           const base::Json& body = {}, const std::string& cookie = {});

  /// Each event's data until the stream ends, `each` answers false, or the session is cancelled.
  base::Result<void> stream(const std::string& target,
                            const std::function<bool(const base::Json&)>& each);

 private:
  Client(Session& session, base::Url server, base::Secret token,
         std::unique_ptr<net::Transport> transport, std::shared_ptr<net::Channel> channel);
  net::Request request(const std::string& method, const std::string& target) const;

  Session* session_;
  base::Url server_;
  base::Secret token_;
  std::unique_ptr<net::Transport> transport_;
  std::shared_ptr<net::Channel> channel_;
  std::uint64_t exchange_ = 0;
};

/// 77 for what the token may not do, 69 for a daemon that is not there or too busy, 64 and 78 for
/// the command line and references, 1 for everything else.
int client_exit_code(const base::Error& error);

/// What env:NAME, file:PATH, credential:NAME or stdin refers to; `where` names the option.
base::Result<base::Secret> read_secret(const std::string& source, const std::string& where);

}  // namespace portolan::cli
