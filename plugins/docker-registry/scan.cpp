#include "scan.h"

#include <algorithm>
#include <utility>

namespace docker_registry {

using portolan::failure;
using portolan::level;
using portolan::response;

// A page of 1,000 takes a registry 20 ms and more to walk; the tags of a short first one are read
// meanwhile.
constexpr int first_page_size = 100;

struct Scan::Repository {
  std::string name;
  SpaceTally* space;  // A node of the map: stays where it is.
  std::uint64_t place;
  NameList tags;
  bool begun = false;
  std::set<DigestKey> artifacts;
};

Scan::Scan(portolan::call& call, Wish of)
    : call_(call),
      of_(std::move(of)),
      fan_(call, [this] { feed(); }),
      catalog_({of_.root + "/v2/_catalog",
                "repositories",
                "registry:catalog:*",
                of_.page_size,
                {},
                of_.level == level::quick ? 0 : std::min(of_.page_size, first_page_size)}) {}

Tally Scan::run() && {
  sum_.end = fan_.run();
  return std::move(sum_);
}

/// What is next, one at a time: the page that keeps the line full, then what is begun, then new.
void Scan::feed() {
  if (wants_page()) {
    ask_page(*catalog_.next());
  } else if (!manifests_.empty()) {
    auto wanted = std::move(manifests_.front());
    manifests_.pop_front();
    ask_manifest(std::move(wanted));
  } else if (!more_tags_.empty()) {
    auto of = std::move(more_tags_.front());
    more_tags_.pop_front();
    ask_tags(std::move(of));
  } else if (!names_.empty()) {
    auto name = std::move(names_.front());
    names_.pop_front();
    const std::string space = space_of(name);
    const auto scope = pull_scope(name);
    NameList tags({tags_url(of_.root, name), "tags", scope, 0, {}});
    const auto place = std::hash<std::string>{}(space);
    ask_tags(std::make_shared<Repository>(
        Repository{std::move(name), &sum_.spaces[space], place, std::move(tags), false, {}}));
  }
}

bool Scan::wants_page() const {
  return !page_in_flight_ && catalog_.next() && names_.size() <= std::size_t(of_.page_size) &&
         (of_.pages_max == 0 || pages_ < of_.pages_max);
}

void Scan::ask_page(const portolan::request& page) {
  page_in_flight_ = true;
  fan_.add(page, [this](response&& answer) { take_page(answer); });
}

void Scan::take_page(const response& page) {
  page_in_flight_ = false;
  std::vector<std::string> names;
  try {
    names = catalog_.take(page);
  } catch (const failure& problem) {
    const Access outcome = access_of(page);
    if (sum_.listed) {
      sum_.list_problem = "the list of repositories broke off: " + problem.message;
    } else if (outcome == Access::forbidden || outcome == Access::absent) {
      sum_.catalog = outcome;
      sum_.catalog_words = told(problem);
      make_sure_of_credentials();
    } else {
      throw;
    }
    return;
  }
  ++pages_;
  sum_.catalog = Access::granted;
  sum_.listed = sum_.listed || page.ok();
  if (!catalog_.problem().empty()) sum_.list_problem = catalog_.problem();
  if (pages_ == of_.pages_max && catalog_.next())
    sum_.list_problem = "there are more; --level normal counts all";
  for (auto& name : names) {
    auto& space = sum_.spaces[space_of(name)];
    ++space.repositories;
    ++sum_.all.repositories;
    if (of_.level == level::quick) continue;
    if (is_repository_name(name)) {
      names_.push_back(std::move(name));
    } else {
      ++space.tag_lists.failed;
      ++sum_.all.tag_lists.failed;
    }
  }
}

void Scan::ask_tags(RepositoryPtr of) {
  fan_.add(*of->tags.next(), [this, of](response&& answer) { take_tags(of, answer); });
}

void Scan::take_tags(const RepositoryPtr& of, const response& page) {
  // A repository whose last tag was deleted stays in the catalog and is unknown by name.
  const bool empty = !of->begun && access_of(page) == Access::absent && is_unknown_name(page);
  std::vector<std::string> names;
  try {
    if (!empty) names = of->tags.take(page);
    if (!of->tags.problem().empty()) throw failure(PORTOLAN_PROTOCOL, of->tags.problem());
  } catch (const failure& problem) {
    lose(&SpaceTally::tag_lists, *of, problem);
  }
  of->begun = true;
  of->space->tags += static_cast<std::int64_t>(names.size());
  sum_.all.tags += static_cast<std::int64_t>(names.size());
  if (of_.level == level::deep) want_manifests(of, names);
  if (!empty && of->tags.next())
    more_tags_.push_back(of);
  else
    call_.progress(++repositories_done_, 0, "repositories");
}

void Scan::want_manifests(const RepositoryPtr& of, std::vector<std::string>& tags) {
  for (auto& tag : tags) {
    if (is_reference(tag))
      manifests_.push_back({of, std::move(tag), 0});
    else
      lose(&SpaceTally::manifests, *of, failure(PORTOLAN_PROTOCOL, "a tag's name is none"));
  }
}

void Scan::ask_manifest(ManifestWish wanted) {
  auto request = manifest_request(of_.root, wanted.of->name, wanted.reference);
  fan_.add(std::move(request), [this, wanted = std::move(wanted)](response&& answer) {
    take_manifest(wanted, answer);
  });
}

void Scan::take_manifest(const ManifestWish& wanted, const response& answer) {
  Repository& of = *wanted.of;
  Manifest parts;
  try {
    answer.require();
    parts = read_manifest(answer.body);
  } catch (const failure& problem) {
    return lose(&SpaceTally::manifests, of, problem);
  }
  std::string digest(answer.header("docker-content-digest"));
  if (!is_digest(digest) && wanted.depth > 0) digest = wanted.reference;
  // Without a digest the text itself says which manifest it is.
  const auto key = key_of(is_digest(digest) ? digest : answer.body);
  if (wanted.depth == 0 && of.artifacts.insert(key).second) {
    ++of.space->artifacts;
    ++sum_.all.artifacts;
  }
  const Descriptor itself{digest, static_cast<std::int64_t>(answer.body.size())};
  if (add_blob(of, itself, key)) take_parts(wanted, parts);
}

void Scan::take_parts(const ManifestWish& wanted, const Manifest& parts) {
  Repository& of = *wanted.of;
  of.space->unsized += parts.unsized;
  sum_.all.unsized += parts.unsized;
  for (const auto& blob : parts.blobs) add_blob(of, blob, key_of(blob.digest));
  for (const auto& child : parts.manifests) {
    if (wanted.depth == index_depth_max)
      lose(&SpaceTally::manifests, of, failure(PORTOLAN_LIMIT, "an index nested too deep"));
    else if (children_.insert(key_in(key_of(child.digest), of.place)) == DigestSet::outcome::added)
      manifests_.push_front({wanted.of, child.digest, wanted.depth + 1});
  }
}

/// True when the space did not have it yet.
bool Scan::add_blob(const Repository& of, const Descriptor& blob, const DigestKey& key) {
  const auto here = blobs_of_spaces_.insert(key_in(key, of.place));
  const auto anywhere = here == DigestSet::outcome::added ? blobs_.insert(key) : here;
  sum_.full = sum_.full || here == DigestSet::outcome::full || anywhere == DigestSet::outcome::full;
  if (here != DigestSet::outcome::added) return false;
  of.space->bytes = add_up(of.space->bytes, blob.size);
  if (anywhere == DigestSet::outcome::added) sum_.all.bytes = add_up(sum_.all.bytes, blob.size);
  if (anywhere == DigestSet::outcome::known) note_shared(blob, key);
  return true;
}

void Scan::note_shared(const Descriptor& blob, const DigestKey& key) {
  if (shared_.insert(key) != DigestSet::outcome::added) return;
  ++sum_.shared_blobs;
  sum_.shared_bytes = add_up(sum_.shared_bytes, blob.size);
  if (blob.size > sum_.largest_shared.size) sum_.largest_shared = blob;
}

void Scan::lose(Losses SpaceTally::*what, const Repository& of, const failure& why) {
  const bool forbidden = why.code == PORTOLAN_UNAUTHORIZED || why.code == PORTOLAN_FORBIDDEN;
  for (SpaceTally* sum : {of.space, &sum_.all})
    ++(forbidden ? (sum->*what).forbidden : (sum->*what).failed);
  if (sum_.example.empty()) sum_.example = told(why);
  if (why.code == PORTOLAN_UNAUTHORIZED) make_sure_of_credentials();
}

/// A 401 may be about one repository, or the password is refused: then nothing more is asked with
/// it, because registries lock accounts.
void Scan::make_sure_of_credentials() {
  if (!of_.has_password || std::exchange(credentials_asked_, true)) return;
  fan_.add_first(ping_request(of_.root), [](response&& answer) {
    const auto refused = answer.lost || !answer.ok() ? answer.as_failure().code : PORTOLAN_OK;
    if (refused == PORTOLAN_UNAUTHORIZED) throw answer.as_failure();
  });
}

}  // namespace docker_registry
