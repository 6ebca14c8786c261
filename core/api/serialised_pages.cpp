#include "api/serialised_pages.h"

#include "base/json.h"

namespace portolan::api {
namespace {

constexpr std::size_t pages_kept = 256;

}  // namespace

base::Result<Answer> SerialisedPages::answer(std::uint64_t revision, const std::string& key,
                                             const Call& call,
                                             const std::function<base::Result<Answer>()>& make) {
  const std::string whole = key + "?" + base::to_text(call.query);
  {
    base::Lock lock(mutex_);
    if (revision_ == revision)
      if (const auto found = kept_.find(whole); found != kept_.end()) return found->second;
  }
  auto made = make();
  if (!made) return made;
  base::Lock lock(mutex_);
  if (revision_ < revision || kept_.size() >= pages_kept) {
    kept_.clear();
    revision_ = revision;
  }
  if (revision_ == revision) kept_[whole] = *made;
  return made;
}

}  // namespace portolan::api
