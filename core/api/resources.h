#pragma once
/// The resources of /api/v1: what each file of routes needs, and where it adds them.
#include <memory>
#include <string>

#include "api/caller.h"
#include "api/routes.h"
#include "engine/daemon.h"
#include "engine/grants.h"
#include "engine/keeper.h"
#include "engine/registries.h"

namespace portolan::api {

/// Made once by the composition root; outlives the routes.
struct Resources {
  const engine::Daemon& daemon;
  engine::Registries& registries;
  engine::Grants& grants;
  engine::JobRunner& jobs;
  Authenticator& authenticator;
  /// Reads configuration and plugins anew; everything or nothing.
  std::function<base::Result<base::Json>()> reload;
};

void add_account_routes(Routes&, Resources&);    ///< setup, session, me, users, tokens
void add_workspace_routes(Routes&, Resources&);  ///< workspaces, members, namespaces
void add_operation_routes(Routes&, Resources&);  ///< audit, webhooks, plugins, types, reload
void add_registry_routes(Routes&, Resources&);   ///< registries, try, overview, checks, statistics
void add_space_routes(Routes&, Resources&);      ///< spaces, bindings, push
void add_image_routes(Routes&, Resources&);  ///< repositories, tags, images, pull secrets, search
void add_event_routes(Routes&, Resources&);  ///< events and jobs, their streams

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

/// The ETag of a revision, and If-Match of a write as the number for the store (0: none was sent).
std::string etag_of_revision(std::int64_t revision);
base::Result<std::int64_t> expected_revision(const Call& call);

}  // namespace portolan::api
