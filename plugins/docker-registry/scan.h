#pragma once
/// The walk: catalog pages, the tags of each repository, their manifests. Requests overlap: the
/// next page is read while the tags of the last one are. What is kept does not grow with the number
/// of repositories, but for the digests at level deep (16 to 43 bytes each, at most
/// digests_max).
#include <deque>
#include <memory>
#include <set>
#include <string>

#include <portolan/call.hpp>

#include "digest_set.h"
#include "name_list.h"
#include "tally.h"

namespace docker_registry {

inline constexpr std::size_t digests_max = 4'000'000;
inline constexpr int index_depth_max = 4;

/// One use: make, run, read. Throws failure when the first page is lost or the credentials turn out
/// to be refused; everything later is told in the tally.
class Scan {
 public:
  struct Wish {
    std::string root;
    int page_size = 1000;
    portolan::level level = portolan::level::normal;
    int pages_max = 0;          ///< 0: all.
    bool has_password = false;  ///< A 401 then may mean that it is refused.
  };
  Scan(portolan::call& call, Wish of);
  Tally run() &&;

 private:
  struct Repository;
  using RepositoryPtr = std::shared_ptr<Repository>;
  struct ManifestWish {
    RepositoryPtr of;
    std::string reference;
    int depth = 0;  // 0: a tag named it.
  };

  void feed();
  bool wants_page() const;
  void ask_page(const portolan::request& page);
  void ask_tags(RepositoryPtr of);
  void ask_manifest(ManifestWish wanted);
  void take_page(const portolan::response& page);
  void take_tags(const RepositoryPtr& of, const portolan::response& page);
  void want_manifests(const RepositoryPtr& of, std::vector<std::string>& tags);
  void take_manifest(const ManifestWish& wanted, const portolan::response& answer);
  void take_parts(const ManifestWish& wanted, const Manifest& parts);
  bool add_blob(const Repository& of, const Descriptor& blob, const DigestKey& key);
  void note_shared(const Descriptor& blob, const DigestKey& key);
  void lose(Losses SpaceTally::*what, const Repository& of, const portolan::failure& why);
  void make_sure_of_credentials();

  portolan::call& call_;
  Wish of_;
  portolan::fan fan_;
  NameList catalog_;
  bool page_in_flight_ = false, credentials_asked_ = false;
  int pages_ = 0;
  std::deque<std::string> names_;        // Repositories of at most two pages.
  std::deque<RepositoryPtr> more_tags_;  // Their tags go on on another page.
  std::deque<ManifestWish> manifests_;
  std::uint64_t repositories_done_ = 0;
  DigestSet blobs_{digests_max}, blobs_of_spaces_{digests_max}, shared_{digests_max},
      children_{digests_max};
  Tally sum_;
};

}  // namespace docker_registry
