#include "tally.h"

#include <utility>

namespace docker_registry {
namespace {

using portolan::level;
using portolan::measure;

constexpr const char* no_visibility =
    "the distribution protocol does not say what is public or private";

std::string counted(std::int64_t n, const char* one) {
  return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

/// One kind of number, for the registry or one space.
struct Figure {
  measure as;  // Name, unit, kind, space.
  std::int64_t value = 0;
  std::int64_t parts = 0, lost = 0, forbidden = 0;  // Of what it is the sum.
  std::string why;                                  // What is missing; empty: nothing.
};

class Writer {
 public:
  Writer(const Tally& of, level at) : of_(of), level_(at) {}

  std::vector<measure> write() {
    if (of_.catalog == Access::absent || of_.catalog == Access::forbidden) return nothing();
    of_registry();
    for (const auto& [name, space] : of_.spaces) {
      add({measure{"repositories"}.in(name), space.repositories, 0, 0, 0, {}});
      if (level_ != level::quick) add_tags(space, name);
      if (level_ == level::deep) add_deep(space, name);
    }
    return std::move(out_);
  }

 private:
  void of_registry() {
    const auto spaces = static_cast<std::int64_t>(of_.spaces.size());
    add({measure{"spaces"}, spaces, 0, 0, 0, {}});
    without_visibility("spaces");
    add({measure{"repositories"}, of_.all.repositories, 0, 0, 0, {}});
    without_visibility("repositories");
    if (level_ == level::deep)
      add_deep(of_.all, "");
    else
      out_.push_back(measure{"artifacts"}.unknown("--level deep reads the manifests"));
    if (level_ != level::quick)
      add_tags(of_.all, "");
    else
      out_.push_back(measure{"tags"}.unknown("--level normal counts them"));
    if (level_ != level::deep)
      out_.push_back(measure{"storage_bytes"}
                         .unknown("--level deep adds it up")
                         .bytes(PORTOLAN_KIND_DEDUPLICATED));
  }

  void without_visibility(const std::string& name) {
    for (const char* which : {"_public", "_private"})
      out_.push_back(measure{name + which}.unsupported(no_visibility));
  }

  void add_tags(const SpaceTally& of, const std::string& space) {
    add({measure{"tags"}.in(space), of.tags, of.repositories, of.tag_lists.all(),
         of.tag_lists.forbidden, tags_words(of.tag_lists)});
  }

  void add_deep(const SpaceTally& of, const std::string& space) {
    const Losses lost{of.tag_lists.forbidden + of.manifests.forbidden,
                      of.tag_lists.failed + of.manifests.failed};
    std::string why = tags_words(of.tag_lists);
    append(why, lost_words(of.manifests, "one manifest", " manifests"));
    const std::int64_t parts = of.artifacts + lost.all();
    add({measure{"artifacts"}.in(space), of.artifacts, parts, lost.all(), lost.forbidden, why});
    if (of.unsized > 0)
      append(why, counted(of.unsized, "part") + " of manifests have no size that can be believed");
    if (of_.full) append(why, "there are more blobs than this host keeps in mind");
    Figure bytes{measure{"storage_bytes"}.in(space).bytes(PORTOLAN_KIND_DEDUPLICATED),
                 of.bytes,
                 parts,
                 lost.all(),
                 lost.forbidden,
                 std::move(why)};
    add(std::move(bytes));
    if (space.empty() && of_.shared_blobs > 0) append(out_.back().hint, shared_words());
  }

  std::string shared_words() const {
    return counted(of_.shared_blobs, "blob") + " (" + std::to_string(of_.shared_bytes) +
           " bytes) in several spaces, counted once here and once in each of them; the largest "
           "is " +
           of_.largest_shared.digest + " (" + std::to_string(of_.largest_shared.size) + " bytes)";
  }

  /// "the tags of 3 repositories could not be read (2 forbidden): …", by what the parts are called.
  std::string lost_words(const Losses& lost, const char* one, const char* more) const {
    if (lost.all() == 0) return {};
    std::string out = (lost.all() == 1 ? one : std::to_string(lost.all()) + more) +
                      std::string(" could not be read");
    if (lost.forbidden > 0) out += " (" + std::to_string(lost.forbidden) + " forbidden)";
    return of_.example.empty() ? out : out + ": " + of_.example;
  }

  std::string tags_words(const Losses& lost) const {
    const std::string words = lost_words(lost, "one repository", " repositories");
    return words.empty() ? words : "the tags of " + words;
  }

  static void append(std::string& to, const std::string& more) {
    if (more.empty() || to.find(more) != std::string::npos) return;
    to += (to.empty() ? "" : "; ") + more;
  }

  /// A sum of which parts are missing is a lower bound; one that has none of its parts is no
  /// number.
  void add(Figure one) {
    const bool cut = of_.end != portolan::ended::all;
    append(one.why, of_.list_problem);
    if (of_.end == portolan::ended::budget) append(one.why, "the budget of requests was spent");
    if (of_.end == portolan::ended::stopped) append(one.why, "the time was over");
    measure out = std::move(one.as);
    if (one.why.empty())
      out = std::move(out).known(one.value);
    else if (one.value == 0 && one.lost > 0 && one.lost == one.forbidden && one.parts == one.lost)
      out = std::move(out).forbidden(one.why);
    else if (one.value == 0)
      out = std::move(out).unknown(one.why);
    else
      out = std::move(out).partial(one.value, one.why);
    if (cut) out = std::move(out).cut();
    out_.push_back(std::move(out));
  }

  std::vector<measure> nothing() {
    const bool forbidden = of_.catalog == Access::forbidden;
    const std::string why =
        (forbidden ? "the account may not list the catalog" : "this registry has no catalog") +
        (of_.catalog_words.empty() ? "" : ": " + of_.catalog_words);
    const auto say = [&](measure one) {
      out_.push_back(forbidden ? std::move(one).forbidden(why) : std::move(one).unsupported(why));
    };
    say(measure{"spaces"});
    without_visibility("spaces");
    say(measure{"repositories"});
    without_visibility("repositories");
    for (const char* name : {"artifacts", "tags"}) say(measure{name});
    say(measure{"storage_bytes"}.bytes(PORTOLAN_KIND_DEDUPLICATED));
    return std::move(out_);
  }

  const Tally& of_;
  level level_;
  std::vector<measure> out_;
};

}  // namespace

std::vector<portolan::measure> measures_of(const Tally& of, portolan::level level) {
  return Writer(of, level).write();
}

}  // namespace docker_registry
