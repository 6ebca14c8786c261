#include "protocol.h"

#include <catch2/catch.hpp>

#include "name_list.h"

using namespace docker_registry;

namespace {

portolan::response answer(int status, std::string body = {}) {
  portolan::response out;
  out.method = "GET";
  out.url = "https://registry.example/v2/_catalog";
  out.status = status;
  out.code = status < 400 ? PORTOLAN_OK : PORTOLAN_PROTOCOL;
  out.body = std::move(body);
  return out;
}
portolan::response challenged(std::vector<std::string> headers) {
  auto out = answer(401);
  for (auto& header : headers) out.headers.emplace_back("www-authenticate", std::move(header));
  return out;
}
portolan::response page(const std::string& names, const std::string& link = {}) {
  auto out = answer(200, "{\"repositories\":" + names + "}");
  if (!link.empty()) out.headers.emplace_back("link", "<" + link + ">; rel=\"next\"");
  return out;
}
NameList catalog(int page_size, std::string after = {}) {
  return NameList({"/v2/_catalog", "repositories", "", page_size, std::move(after)});
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the challenge that matters is found among many", "[docker-registry]") {
  const auto first = read_challenge(challenged(
      {R"(Negotiate, NTLM abc==, bearer REALM="https://a/t?x=1,2" , service="a \"b\"",scope="x:y:pull,push")"}));
  CHECK(first.scheme == "bearer");
  CHECK(first.realm == "https://a/t?x=1,2");
  CHECK(first.service == "a \"b\"");
  CHECK(first.scope == "x:y:pull,push");
  CHECK(read_challenge(challenged({"Basic realm=r", "Bearer realm=t,service=s"})).service == "s");
  CHECK(read_challenge(challenged({"Digest realm=\"x\"", "BASIC realm=\"r\""})).scheme == "basic");
  for (const char* broken : {"", ",,,", "Bearer realm=\"open", "=", "realm=\"x\"", "\"\\"})
    CHECK_NOTHROW(read_challenge(challenged({broken})));
  CHECK(read_challenge(answer(401)).scheme.empty());
}

TEST_CASE("a repository belongs to its first path component", "[docker-registry]") {
  CHECK(space_of("team/app/web") == "team");
  CHECK(space_of("busybox") == "_");
}

TEST_CASE("names that would be a path of their own are none", "[docker-registry]") {
  for (const char* good : {"a", "team/app", "team/a-b.c_d/e", "UPPER/case"})
    CHECK(is_repository_name(good));
  for (const char* bad : {"", "/", "a/", "/a", "a//b", "a/../b", ".", "a/.", "a b", "a\nb"})
    CHECK_FALSE(is_repository_name(bad));
  CHECK(is_reference("v1.0-rc_2"));
  CHECK(is_reference("sha256:" + std::string(64, 'a')));
  for (const char* bad :
       {"", ".", "..", "-x", "a/b", "a?b", "sha256:", "sha256:../../../../../../../../../../../x"})
    CHECK_FALSE(is_reference(bad));
}

TEST_CASE("names are escaped where they stand in a URL", "[docker-registry]") {
  CHECK(tags_url("", "team/a?b#c") == "/v2/team/a%3Fb%23c/tags/list");
  CHECK(manifest_request("", "a/b", "sha256:" + std::string(64, 'a')).url ==
        "/v2/a/b/manifests/sha256:" + std::string(64, 'a'));
}

TEST_CASE("a small first page is followed by full ones", "[docker-registry]") {
  NameList names({"/v2/_catalog", "repositories", "", 1000, {}, 2});
  CHECK(names.next()->url == "/v2/_catalog?n=2");
  CHECK(names.take(page(R"(["a","b"])", "/v2/_catalog?last=b&n=2")) == Names{"a", "b"});
  CHECK(names.next()->url == "/v2/_catalog?last=b&n=1000");
  CHECK(names.take(page(R"(["c"])")) == Names{"c"});
  CHECK_FALSE(names.next());

  NameList opaque({"/v2/_catalog", "repositories", "", 1000, {}, 2});
  (void)opaque.take(page(R"(["a","b"])", "/v2/_catalog?next_page=n=2x"));
  CHECK(opaque.next()->url == "/v2/_catalog?next_page=n=2x");

  NameList silent({"/v2/_catalog", "repositories", "", 1000, {}, 2});
  (void)silent.take(page(R"(["a","b"])"));
  CHECK(silent.next()->url == "/v2/_catalog?n=1000&last=b");
}

TEST_CASE("manifests are asked for in all four types", "[docker-registry]") {
  const auto accepted = manifest_request("", "a", "v1").headers.at(0).second;
  for (const char* type :
       {"application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json"})
    CHECK(accepted.find(type) != std::string::npos);
}

TEST_CASE("a list follows its links and keeps its own path", "[docker-registry]") {
  auto list = catalog(2);
  CHECK(list.next()->url == "/v2/_catalog?n=2");
  CHECK(list.take(page(R"(["a","b"])", "/other/v2/_catalog?last=b&n=2")) == Names{"a", "b"});
  CHECK(list.next()->url == "/v2/_catalog?last=b&n=2");
  CHECK(list.take(page(R"(["c"])")) == Names{"c"});
  CHECK_FALSE(list.next());
  CHECK(list.problem().empty());
}

TEST_CASE("a page number that is refused is left out", "[docker-registry]") {
  auto list = catalog(1000, "x/y");
  CHECK(list.next()->url == "/v2/_catalog?n=1000&last=x%2Fy");
  CHECK(list.take(answer(400, R"({"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]})")).empty());
  CHECK(list.next()->url == "/v2/_catalog?last=x%2Fy");
  CHECK_THROWS(list.take(answer(400)));
  CHECK_FALSE(list.next());
  CHECK_FALSE(list.problem().empty());
}

TEST_CASE("after a full page without a link there may be another", "[docker-registry]") {
  auto list = catalog(2);
  list.take(page(R"(["a","b"])"));
  REQUIRE(list.next());
  CHECK(list.next()->url == "/v2/_catalog?n=2&last=b");
  SECTION("nothing") {
    CHECK(list.take(page("[]")).empty());
    CHECK(list.problem().empty());
  }
  SECTION("more") {
    CHECK(list.take(page(R"(["c"])")) == Names{"c"});
    CHECK(list.problem().empty());
  }
  SECTION("the same again: the registry cut its list") {
    CHECK(list.take(page(R"(["b","a"])")).empty());
    CHECK_FALSE(list.problem().empty());
  }
  SECTION("others beside the same: no more than a page is told") {
    CHECK(list.take(page(R"(["b","c"])")) == Names{"c"});
    CHECK_FALSE(list.problem().empty());
  }
  CHECK_FALSE(list.next());
}

TEST_CASE(
    "a registry that starts again instead of going on has told all in a page that is not full",
    "[docker-registry]") {
  NameList list({"/v2/_catalog", "repositories", "", 10, {}, 2});
  CHECK(list.take(page(R"(["b","a"])")) == Names{"b", "a"});
  CHECK(list.next()->url == "/v2/_catalog?n=10&last=a");
  CHECK(list.take(page(R"(["c","a","b"])")) == Names{"c"});
  CHECK_FALSE(list.next());
  CHECK(list.problem().empty());
}

TEST_CASE("a full page that is refused behind a small one is asked for without its size",
          "[docker-registry]") {
  NameList list({"/v2/_catalog", "repositories", "", 5000, {}, 2});
  list.take(page(R"(["a","b"])", "/v2/_catalog?last=b&n=2"));
  CHECK(list.next()->url == "/v2/_catalog?last=b&n=5000");
  CHECK(list.take(answer(400)).empty());
  CHECK(list.next()->url == "/v2/_catalog?last=b");
  CHECK(list.take(page(R"(["c"])")) == Names{"c"});
  CHECK_FALSE(list.next());
  CHECK(list.problem().empty());
}

TEST_CASE("a registry that sends everything at once is done", "[docker-registry]") {
  auto list = catalog(2);
  CHECK(list.take(page(R"(["a","b","c"])")).size() == 3);
  CHECK_FALSE(list.next());
}

TEST_CASE("pages that repeat, lead elsewhere or stay empty end the list with its reason",
          "[docker-registry]") {
  auto list = catalog(1);
  SECTION("repeat") {
    list.take(page(R"(["a"])", "/v2/_catalog?last=a&n=1"));
    CHECK(list.take(page(R"(["a"])", "/v2/_catalog?last=a&n=1&x=2")).empty());
  }
  SECTION("lead elsewhere") {
    CHECK(list.take(page(R"(["a"])", "https://evil.example/v2/_catalog?last=a")) == Names{"a"});
  }
  SECTION("stay empty") {
    for (int i = 0; list.next() && i < 1000; ++i)
      list.take(page("[]", "/v2/_catalog?page=" + std::to_string(i)));
  }
  CHECK_FALSE(list.next());
  CHECK_FALSE(list.problem().empty());
}

TEST_CASE("null is an empty list, anything else is no list", "[docker-registry]") {
  CHECK(catalog(5).take(page("null")).empty());
  for (const char* body :
       {"{}", "[]", R"({"repositories":{}})", R"({"repositories":"a"})", "<html>"}) {
    auto list = catalog(5);
    CHECK_THROWS_AS(list.take(answer(200, body)), portolan::failure);
  }
}
