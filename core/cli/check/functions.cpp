#include "cli/check/functions.h"

#include <algorithm>

#include "model/limits.h"

namespace portolan::cli::check {
namespace {

template <class T>
base::Result<void> drop(const base::Result<T>& result) {
  return result ? base::Result<void>() : result.error();
}

template <class T>
plugin::Receiver<T> counting(Given& given) {
  return [&given](std::vector<T>&& batch) {
    given.items += batch.size();
    return true;
  };
}

plugin::Query of_repository() {
  plugin::Query query;
  query.repository = "space-1/name-1";
  return query;
}

const std::vector<model::Grant>& grants() {
  static const std::vector<model::Grant> all = {{"space-1", false}, {"space-2", true}};
  return all;
}

Extension catalog() {
  return {
      "catalog",
      {{"spaces",
        [](const Stage& on, Given& given) {
          std::string cursor;
          return on.instance.spaces(on.call, {}, counting<model::Space>(given), cursor);
        }},
       {"repositories",
        [](const Stage& on, Given& given) {
          std::string cursor;
          return on.instance.repositories(on.call, {}, counting<model::Repository>(given), cursor);
        }},
       {"tags",
        [](const Stage& on, Given& given) {
          std::string cursor;
          return on.instance.tags(on.call, of_repository(), counting<model::Tag>(given), cursor);
        }},
       {"artifacts", [](const Stage& on, Given& given) {
          std::string cursor;
          return on.instance.artifacts(on.call, of_repository(), counting<model::Artifact>(given),
                                       cursor);
        }}}};
}

Extension detect() {
  return {"detect", {{"detect", [](const Stage& on, Given& given) -> base::Result<void> {
                        const auto found = on.type.detect(on.call, on.address);
                        if (!found) return found.error();
                        given.sure = found->score;
                        given.texts.push_back(found->reason);
                        return {};
                      }}}};
}

Extension spaces() {
  return {"spaces",
          {{"create",
            [](const Stage& on, Given&) {
              return drop(on.instance.create_space(on.call, "space-1", model::Visibility::closed));
            }},
           {"set_visibility",
            [](const Stage& on, Given&) {
              return drop(on.instance.set_visibility(on.call, "space-1", model::Visibility::open));
            }},
           {"remove",
            [](const Stage& on, Given&) { return on.instance.remove_space(on.call, "space-1"); },
            true}}};
}

Extension robots() {
  return {
      "robots",
      {{"issue",
        [](const Stage& on, Given&) {
          return drop(on.instance.issue_robot(on.call, "check", grants(), 1));
        }},
       {"rewrite", [](const Stage& on,
                      Given&) { return drop(on.instance.rewrite_robot(on.call, "1", grants())); }},
       {"list",
        [](const Stage& on, Given& given) -> base::Result<void> {
          const auto found = on.instance.list_robots(on.call, "check");
          if (!found) return found.error();
          given.items = found->size();
          return {};
        }},
       {"revoke", [](const Stage& on, Given&) { return on.instance.revoke_robot(on.call, "1"); },
        true}}};
}

base::Result<void> integrate(const Stage& on, Given& given) {
  const auto found = on.instance.integrate(on.call);
  if (!found) return found.error();
  given.texts = {found->product, found->version, found->api_version, found->account,
                 found->facts_json};
  return {};
}

base::Result<void> validate(const Stage& on, Given& given) {
  return on.instance.validate(on.call, model::Depth::full, [&](const model::Check& check) {
    given.texts.insert(given.texts.end(), {check.message, check.hint});
    if (check.evidence)
      given.texts.insert(given.texts.end(), {check.evidence->url, check.evidence->detail});
    if (check.message.empty()) given.unexplained = "the check " + check.name + " has no message";
  });
}

base::Result<void> collect(const Stage& on, Given& given) {
  return on.instance.collect(on.call, model::Level::deep, [&](const auto& batch) {
    for (const model::FoundMeasure& found : batch) {
      given.texts.push_back(found.measure.hint);
      if (found.measure.state != model::MeasureState::known && found.measure.hint.empty())
        given.unexplained = "the measure " + found.measure.name + " is not known and has no hint";
    }
    return true;
  });
}

}  // namespace

Extension mandatory() {
  return {"mandatory",
          {{"integration", integrate}, {"validation", validate}, {"statistics", collect}}};
}

std::vector<Extension> extensions_of(const plugin::Note::Type& type) {
  std::vector<Extension> out;
  for (Extension& extension : std::vector{catalog(), detect(), spaces(), robots()}) {
    const std::string id = "portolan." + std::string(extension.name) + "/1";
    if (std::find(type.extensions.begin(), type.extensions.end(), id) != type.extensions.end())
      out.push_back(std::move(extension));
  }
  return out;
}

Means means_of(const Extension& extension) {
  if (std::string_view(extension.name) != "detect") return {};
  return {model::limits::detect_requests, true};
}

}  // namespace portolan::cli::check
