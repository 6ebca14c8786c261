#pragma once
/// Records as the API writes them; their components in OpenAPI; bodies as records.
#include <string>

#include "api/routes.h"
#include "base/json.h"
#include "base/result.h"
#include "model/records.h"
#include "store/catalogue.h"
#include "store/measures.h"
#include "store/registries.h"

namespace portolan::engine {
struct RegistryChange;
struct Tried;
}  // namespace portolan::engine

namespace portolan::api {

/// A row of a list and the head of everything about a registry: what everybody who sees it may
/// know.
base::Json summary_json(const store::RegistryRow& row);
/// With settings, account, integration and schedule: for who may inspect it. No secret.
base::Json registry_json(const store::RegistryRow& row);
base::Json health_json(const model::Health& health, bool with_evidence);
base::Json kept_json(const store::KeptStatistics& statistics);
base::Json space_json(const store::SpaceRow& row);
base::Json binding_json(const model::Binding& binding);
base::Json event_json(const model::Event& event);
base::Json job_json(const model::Job& job);
base::Json tried_json(const engine::Tried& tried);

void add_record_components(Routes& routes);

/// The body "RegistryDraft" as a record; what the schema checked is not checked again.
model::RegistryRecord draft_from(const base::Json& body);
/// The body "RegistryChange".
engine::RegistryChange change_from(const base::Json& body);
model::Credentials credentials_from(const base::Json& body);

}  // namespace portolan::api
