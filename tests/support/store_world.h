#pragma once
/// A real store in a folder of its own, with a clock that the test sets.
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "store/store.h"

namespace portolan::test {

/// A folder that goes with it.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "portolan-store.XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no folder for the test");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

class StoreWorld {
 public:
  StoreWorld() { open(); }

  store::StoreOptions options() {
    return {folder / "data", key, [this] { return now_ms; }};
  }
  void open() {
    auto opened = store::Store::open(options());
    if (!opened) throw std::runtime_error(opened.error().message);
    store = *std::move(opened);
  }
  void reopen() {
    store.reset();
    open();
  }

  /// What `body` answers; an Error of the store ends the test.
  template <class T>
  T read(const std::function<base::Result<T>(store::Reader&)>& body) const {
    auto answer = store->read<T>(body);
    if (!answer) throw std::runtime_error(answer.error().message);
    return *std::move(answer);
  }
  /// A write whose body answers Result<T>; an Error ends the test.
  template <class T>
  T write(const std::function<base::Result<T>(store::Writer&)>& body) {
    std::optional<T> value;
    const auto done = store->write([&](store::Writer& writer) -> base::Result<void> {
      auto answer = body(writer);
      if (!answer) return answer.error();
      value = *std::move(answer);
      return {};
    });
    if (!done) throw std::runtime_error(done.error().message);
    return *std::move(value);
  }
  /// The code that a write ends with.
  base::Code code_of(const std::function<base::Result<void>(store::Writer&)>& body) {
    const auto done = store->write(body);
    return done ? base::Code::ok : done.error().code;
  }

  Folder folder;
  base::SealingKey key = base::SealingKey::generate();
  std::int64_t now_ms = 1'800'000'000'000;
  std::unique_ptr<store::Store> store;
};

}  // namespace portolan::test
