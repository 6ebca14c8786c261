#include "base/crypto.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

using namespace portolan::base;
namespace fs = std::filesystem;
using std::string;

namespace {

class Folder {
 public:
  Folder() : path_((fs::temp_directory_path() / "portolan-key.XXXXXX").string()) {
    REQUIRE(::mkdtemp(path_.data()));
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const char* name) const { return fs::path(path_) / name; }

 private:
  string path_;
};

void write(const fs::path& file, const string& text, mode_t mode = 0600) {
  std::ofstream(file) << text;
  REQUIRE(::chmod(file.c_str(), mode) == 0);
}

Code code_of(const Result<SealingKey>& key) { return key ? Code::ok : key.error().code; }

}  // namespace

TEST_CASE("hashes are those of the standards", "[base][crypto]") {
  // FIPS 180-4 and RFC 4231, test cases 2 and 6 (a key longer than a block).
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(hmac_sha256(Secret("Jefe"), "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac_sha256(Secret(string(131, '\xaa')),
                        "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("base64url is read as it is written, and nothing else is", "[base][crypto]") {
  CHECK(base64url("") == "");
  CHECK(base64url("f") == "Zg");
  CHECK(base64url("fo") == "Zm8");
  CHECK(base64url("\xfb\xff\xbf") == "-_-_");
  for (std::size_t length = 0; length < 70; ++length) {
    const string bytes = random_bytes(length);
    const auto back = from_base64url(base64url(bytes));
    REQUIRE(back);
    CHECK(*back == bytes);
  }
  for (const char* text : {"Zg==", "Zg=", "Z", "Zg!", "+/+/", "Zg ", " Zg", "Zh", "Zg\n"}) {
    CAPTURE(text);
    const auto read = from_base64url(text);
    CHECK((!read && read.error().code == Code::invalid_argument));
  }
}

TEST_CASE("tokens are long, have their prefix and are never alike", "[base][crypto]") {
  std::set<string> seen;
  for (int i = 0; i < 100; ++i) {
    const string token = random_token("ptk_").reveal();
    CHECK(token.size() == 4 + 43);
    CHECK(token.starts_with("ptk_"));
    CHECK(seen.insert(token).second);
  }
  CHECK(equal_in_constant_time("same", "same"));
  CHECK_FALSE(equal_in_constant_time("same", "sane"));
  CHECK_FALSE(equal_in_constant_time("same", "same "));
  CHECK(equal_in_constant_time("", ""));
}

TEST_CASE("what is sealed opens with its key and its context only", "[base][crypto]") {
  const SealingKey key = SealingKey::generate();
  const string sealed = key.seal(Secret("s3cret"), "registry 7");
  CHECK(key.open(sealed, "registry 7")->reveal() == "s3cret");
  CHECK(key.seal(Secret("s3cret"), "registry 7") != sealed);
  CHECK(sealed.find("s3cret") == string::npos);

  CHECK_FALSE(key.open(sealed, "registry 8"));
  CHECK_FALSE(key.open(sealed, ""));
  CHECK_FALSE(SealingKey::generate().open(sealed, "registry 7"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    string other = sealed;
    other[i] = static_cast<char>(other[i] ^ 0x10);
    CHECK_FALSE(key.open(other, "registry 7"));
    CHECK_FALSE(key.open(sealed.substr(0, i), "registry 7"));
  }
  CHECK(key.open(sealed, "x").error().code == Code::internal);
  CHECK(key.open(key.seal(Secret(), "empty"), "empty")->empty());
}

TEST_CASE("a fingerprint tells that a secret changed and nothing else", "[base][crypto]") {
  const SealingKey key = SealingKey::generate();
  const string print = key.fingerprint(Secret("one"), "a");
  CHECK(print.size() == 64);
  CHECK(print == key.fingerprint(Secret("one"), "a"));
  CHECK(print != key.fingerprint(Secret("two"), "a"));
  CHECK(print != key.fingerprint(Secret("one"), "b"));
  CHECK(print != SealingKey::generate().fingerprint(Secret("one"), "a"));
  CHECK(key.fingerprint(Secret("bc"), "a") != key.fingerprint(Secret("c"), "ab"));
}

TEST_CASE("a key file is made once, private, and read back", "[base][crypto]") {
  const Folder folder;
  const SealingKey key = SealingKey::generate();
  REQUIRE(key.write_new(folder / "key"));
  struct stat status {};
  REQUIRE(::stat((folder / "key").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  const auto back = SealingKey::read(folder / "key");
  REQUIRE(back);
  CHECK(back->id() == key.id());
  CHECK(back->open(key.seal(Secret("x"), "c"), "c")->reveal() == "x");
  CHECK(key.id().size() == 16);

  const auto again = SealingKey::generate().write_new(folder / "key");
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Code::conflict);
  CHECK(SealingKey::read(folder / "key")->id() == key.id());
  CHECK(SealingKey::generate().write_new(folder / "no/key").error().code == Code::invalid_config);
}

TEST_CASE("a key file that is none, or not private, is refused", "[base][crypto]") {
  const Folder folder;
  const fs::path file = folder / "key";
  const string digits(64, 'a');
  CHECK(code_of(SealingKey::read(file)) == Code::invalid_config);
  for (const string& good : {digits, digits + '\n', digits + "\r\n", string(64, 'A')}) {
    write(file, good);
    CHECK(code_of(SealingKey::read(file)) == Code::ok);
  }
  for (const string& bad : {string(), digits.substr(1), digits + 'a', digits + "\n\n", digits + ' ',
                            ' ' + digits, string(64, 'g'), string(10'000, 'a')}) {
    CAPTURE(bad);
    write(file, bad);
    CHECK(code_of(SealingKey::read(file)) == Code::invalid_config);
  }
  for (const mode_t mode : {0640, 0604, 0660, 0601}) {
    write(file, digits, mode);
    const auto read = SealingKey::read(file);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Code::invalid_config);
    CHECK(read.error().hint.find("chmod 600") != string::npos);
  }
}

TEST_CASE("systemd may show a key to the group by its access list", "[base][crypto]") {
  const Folder folder;
  write(folder / "key", string(64, 'b'), 0440);
  CHECK_FALSE(SealingKey::read(folder / "key"));
  ::setenv("CREDENTIALS_DIRECTORY", (folder / "key").parent_path().c_str(), 1);
  const bool kept = SealingKey::read(folder / "key").has_value();
  write(folder / "open", string(64, 'b'), 0444);
  const bool open = SealingKey::read(folder / "open").has_value();
  ::unsetenv("CREDENTIALS_DIRECTORY");
  CHECK(kept);
  CHECK_FALSE(open);
}

TEST_CASE("a password is known again by its hash alone", "[base][crypto]") {
  const string hash = hash_password(Secret("correct horse"));
  CHECK(hash.starts_with("$argon2id$v=19$m=65536,t=2,p=1$"));
  CHECK(hash.find('\0') == string::npos);
  CHECK(verify_password(hash, Secret("correct horse")));
  CHECK_FALSE(verify_password(hash, Secret("correct Horse")));
  CHECK_FALSE(verify_password("", Secret("")));
  CHECK_FALSE(verify_password("$argon2id$", Secret("x")));
  CHECK_FALSE(verify_password(string(1000, 'x'), Secret("x")));
}
