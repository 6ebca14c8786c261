#include "tally.h"

namespace harbor {
namespace {

const char* const deep_hint = "Harbor counts no tags: ask with --level deep";

std::string hint_of(portolan::ended end) {
  return end == portolan::ended::budget ? "the request budget ended it; raise --max-requests"
                                        : "the deadline or a cancel ended it; raise --timeout";
}

void add(Images& sum, const Images& more) {
  sum.open += more.open;
  sum.read += more.read;
  sum.refused += more.refused;
  sum.lost += more.lost;
  if (sum.why.empty()) sum.why = more.why;
}

}  // namespace

portolan::measure Tally::number(const char* name, std::int64_t value, const Reach& reach,
                                const char* right) const {
  measure about{name};
  if (reach.whole) return std::move(about).known(value);
  if (reach.refused) return std::move(about).forbidden(right);
  const bool cut = reach.lack.empty();
  const std::string why = cut ? hint_of(end) : reach.lack;
  // Nothing found in a part is no number at all.
  measure out = value > 0 ? std::move(about).partial(value, why) : std::move(about).unknown(why);
  return cut ? std::move(out).cut() : std::move(out);
}

Totals Tally::added_up() const {
  Totals sum;
  for (const auto& [name, space] : spaces) {
    const std::int64_t count = space.repositories();
    sum.repositories = add_up(sum.repositories, count);
    if (!space.is_public) {
      ++sum.spaces_unlisted;
      continue;
    }
    auto& places = *space.is_public ? sum.spaces_public : sum.spaces_private;
    auto& held = *space.is_public ? sum.repositories_public : sum.repositories_private;
    ++places;
    held = add_up(held, count);
  }
  return sum;
}

void Tally::tell_places(portolan::out<measure>& out) const {
  // Harbor's own sums also where the lists were cut off; not where they are in doubt.
  const bool asked = told && (quick() || (!projects.whole && projects.lack.empty()));
  const Totals sum = asked ? *told : added_up();
  const Reach all = asked ? Reach{true} : projects;
  Reach listed = all, counted = all;
  if (sum.spaces_unlisted > 0 && listed.whole)
    listed = {false, false,
              std::to_string(sum.spaces_unlisted) +
                  " projects appeared meanwhile, or only their repositories can be seen"};
  std::int64_t count = sum.repositories;
  if (!all.whole && repositories.whole) {
    counted = repositories;
    count = 0;
    for (const auto& [name, space] : spaces) count = add_up(count, space.seen);
  }
  out.push(seen("spaces", sum.spaces_public + sum.spaces_private + sum.spaces_unlisted, listed));
  out.push(seen("spaces_public", sum.spaces_public, listed));
  out.push(seen("spaces_private", sum.spaces_private, listed));
  out.push(seen("repositories", count, counted));
  out.push(seen("repositories_public", sum.repositories_public, listed));
  out.push(seen("repositories_private", sum.repositories_private, listed));
}

Reach Tally::artifacts_of(const Space& space) const {
  Reach reach = repositories;
  if (reach.whole && space.seen < space.listed) {
    reach.whole = false;
    reach.lack = std::to_string(space.listed - space.seen) + " of " + std::to_string(space.listed) +
                 " repositories cannot be seen";
  }
  return reach;
}

Reach Tally::images_of(const Images& images, const Reach& artifacts) const {
  Reach reach = artifacts;
  if (images.open + images.refused + images.lost == 0) return reach;
  reach.whole = false;
  reach.refused = images.refused > 0 && images.read + images.open + images.lost == 0;
  if (images.lost > 0)
    reach.lack = "the artifacts of " + std::to_string(images.lost) +
                 " repositories could not be read: " + images.why;
  else if (images.refused > 0)
    reach.lack = "the account may not list the artifacts of " + std::to_string(images.refused) +
                 " repositories";
  return reach;
}

void Tally::tell_content(portolan::out<measure>& out) const {
  std::int64_t artifacts = 0;
  Contents contents;
  Images images;
  Reach reach = repositories;
  for (const auto& [name, space] : spaces) {
    artifacts = add_up(artifacts, space.artifacts);
    contents.add(space.contents);
    add(images, space.images);
    if (const Reach of_space = artifacts_of(space); reach.whole && !of_space.whole)
      reach = {false, false, "in " + name + " " + of_space.lack};
  }
  if (quick() && told)
    out.push(of_account(measure{"artifacts"}.unknown("ask with --level normal")));
  else
    out.push(seen("artifacts", artifacts, reach, "needs repository:list"));
  if (!deep()) {
    out.push(of_account(measure{"tags"}.unknown(deep_hint)));
    return;
  }
  const Reach shown = images_of(images, reach);
  out.push(seen("tags", contents.tags, shown, "needs artifact:list and tag:list"));
  out.push(seen("storage_bytes", contents.logical_bytes, shown, "needs artifact:list")
               .bytes(PORTOLAN_KIND_LOGICAL));
}

void Tally::tell_space(const std::string& name, const Space& space,
                       portolan::out<measure>& out) const {
  const auto visibility = !space.is_public   ? PORTOLAN_VISIBILITY_UNKNOWN
                          : *space.is_public ? PORTOLAN_VISIBILITY_PUBLIC
                                             : PORTOLAN_VISIBILITY_PRIVATE;
  const auto push = [&](measure&& m) { out.push(std::move(m).in(name, visibility)); };
  const Reach artifacts = artifacts_of(space);
  push(seen("repositories", space.repositories(), space.is_public ? Reach{true} : repositories));
  push(seen("artifacts", space.artifacts, artifacts, "needs repository:list in the project"));
  push(seen("storage_bytes", space.storage_bytes, space.storage,
            "needs quota:read in the project, or quota:list")
           .bytes(PORTOLAN_KIND_DEDUPLICATED));
  if (!deep()) return push(of_account(measure{"tags"}.unknown(deep_hint)));
  const Reach shown = images_of(space.images, artifacts);
  push(seen("tags", space.contents.tags, shown, "needs artifact:list and tag:list in the project"));
  push(seen("storage_bytes", space.contents.logical_bytes, shown,
            "needs artifact:list in the project")
           .bytes(PORTOLAN_KIND_LOGICAL));
}

void Tally::tell(portolan::out<measure>& out) const {
  tell_places(out);
  tell_content(out);
  // Nobody else is told it, so for everybody else it stays a number of the registry.
  out.push((admin() ? number("storage_bytes", storage_bytes, storage)
                    : measure{"storage_bytes"}.forbidden("only an administrator is told this"))
               .bytes(PORTOLAN_KIND_DEDUPLICATED));
  for (const auto& [name, space] : spaces) tell_space(name, space, out);
}

}  // namespace harbor
