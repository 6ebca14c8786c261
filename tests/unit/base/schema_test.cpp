#include "base/schema.h"

#include <catch2/catch.hpp>
#include <string>

using namespace portolan::base;
using std::string;

namespace {

Json json(const string& text) {
  auto parsed = parse_json(text);
  REQUIRE(parsed);
  return *parsed;
}

// A closed object with these properties.
string object(const string& properties, const string& more = "") {
  return R"({"type":"object","additionalProperties":false,"properties":{)" + properties + "}" +
         more + "}";
}

Schema compiled(const string& text) {
  auto schema = Schema::compile(text);
  if (!schema) FAIL(schema.error().message);
  return *schema;
}

string refusal(const string& text) {
  auto schema = Schema::compile(text);
  if (schema) return "accepted";
  CHECK(schema.error().code == Code::invalid_config);
  CHECK_FALSE(schema.error().hint.empty());
  return schema.error().message;
}

// One line a mistake: "pointer: expected | found | nearest", '#' before it when it is about the
// key.
string mistakes(const string& schema, const string& document) {
  string lines;
  for (const auto& each : compiled(schema).check(json(document))) {
    lines += (lines.empty() ? "" : "\n") + string(each.about_key ? "#" : "") + each.pointer + ": " +
             each.expected + " | " + each.found +
             (each.nearest.empty() ? "" : " | " + each.nearest);
  }
  return lines;
}

// What a schema of one value says about `value`.
string about(const string& schema, const string& value) { return mistakes(schema, value); }

const string harbor_like = object(
    R"("credentials":)" +
        object(R"("username":{"type":"string","minLength":1,"title":"User name"},
                 "password":{"type":"string","minLength":8,"x-secret":true,"description":"Of a robot."})",
               R"(,"required":["username","password"])") +
        R"(,"options":)" +
        object(R"("pageSize":{"type":"integer","minimum":1,"maximum":100,"default":100,"x-order":2},
                 "mode":{"type":"string","enum":["fast","careful"],"default":"fast","x-order":1},
                 "window":{"type":"string","format":"duration"},
                 "ratio":{"type":"number","maximum":1},
                 "verify":{"type":"boolean","default":true},
                 "tags":{"type":"array","items":{"type":"string","pattern":"^[a-z]+$"},"maxItems":3})"),
    R"(,"required":["credentials"])");

const string with_choice =
    object(R"("auth":{"title":"How","oneOf":[)" +
           object(R"("kind":{"const":"basic"},"user":{"type":"string","default":"admin"})",
                  R"(,"required":["kind"])") +
           "," +
           object(R"("kind":{"const":"token"},"token":{"type":"string","x-secret":true})",
                  R"(,"required":["kind","token"])") +
           "]}");

}  // namespace

TEST_CASE("a document that keeps to its schema has no mistake", "[base][schema]") {
  CHECK(mistakes(harbor_like, R"({"credentials":{"username":"u","password":"12345678"}})") == "");
  CHECK(mistakes(harbor_like, R"({"credentials":{"username":"u","password":"12345678"},
      "options":{"pageSize":100,"mode":"careful","window":"1m30s","ratio":0.5,"verify":false,"tags":["a","b"]}})") ==
        "");
}

TEST_CASE("all mistakes come at once, in document order, each with its pointer", "[base][schema]") {
  CHECK(mistakes(
            harbor_like,
            R"({"options":{"tags":["a","B"],"pageSize":0,"pagesize":1,"mode":"fats","verify":"yes"},
                                  "credentials":{"pasword":"hunter2"},"x":1})") ==
        "/options/tags/1: a string that matches ^[a-z]+$ | the string \"B\"\n"
        "/options/pageSize: an integer from 1 to 100 | the number 0\n"
        "#/options/pagesize: one of the keys \"pageSize\", \"mode\", \"window\", \"ratio\", "
        "\"verify\", \"tags\" | "
        "the unknown key \"pagesize\" | pageSize\n"
        "/options/mode: one of \"fast\", \"careful\" | the string \"fats\" | fast\n"
        "/options/verify: true or false | the string \"yes\"\n"
        "#/credentials/pasword: one of the keys \"username\", \"password\" | the unknown key "
        "\"pasword\" | password\n"
        "#/credentials/username: the key \"username\" | no such key\n"
        "#/credentials/password: the key \"password\" | no such key\n"
        "#/x: one of the keys \"credentials\", \"options\" | the unknown key \"x\"");
}

TEST_CASE("pointers escape what RFC 6901 escapes", "[base][schema]") {
  CHECK(mistakes(object(R"("a/b":{"type":"object","additionalProperties":false})"),
                 R"({"a/b":{"m~n":1}})") == "#/a~1b/m~0n: no key | the unknown key \"m~n\"");
}

TEST_CASE("each type takes its own values and names the others", "[base][schema]") {
  const string wrong[] = {"null", "true", "1.5", "\"x\"", "[1]", "{}"};
  const std::pair<string, string> types[] = {{"string", "\"x\""}, {"integer", "7"},
                                             {"number", "1.5"},   {"boolean", "true"},
                                             {"array", "[1]"},    {"object", "{}"}};
  for (const auto& [type, right] : types) {
    for (const string& value : wrong) {
      CAPTURE(type, value);
      CHECK((about(R"({"type":")" + type + "\"}", value) == "") == (value == right));
    }
  }
  CHECK(about(R"({"type":"string"})", "null") == ": a string | null");
  CHECK(about(R"({"type":"string"})", "7") == ": a string | the number 7");
  CHECK(about(R"({"type":"boolean"})", "[1,2]") == ": true or false | a list of 2");
  CHECK(about(R"({"type":"array"})", "{}") == ": a list | an object");
}

TEST_CASE("an integer is one however it is written, and must fit", "[base][schema]") {
  const string schema = R"({"type":"integer","minimum":-1})";
  CHECK(about(schema, "1.0") == "");
  CHECK(about(schema, "1e2") == "");
  CHECK(about(schema, "1.5") == ": an integer of at least -1 | the number 1.5");
  CHECK(about(schema, "-2") == ": an integer of at least -1 | the number -2");
  CHECK(about(schema, "1e30") == ": an integer of at least -1 | the number 1e30");
  CHECK(about(R"({"type":"number","minimum":0.5,"maximum":1e3})", "0.4") ==
        ": a number from 0.5 to 1e3 | the number 0.4");
}

TEST_CASE("lengths count code points", "[base][schema]") {
  const string schema = R"({"type":"string","minLength":2,"maxLength":3})";
  CHECK(about(schema, "\"\xC3\xBC\xC3\xBC\xC3\xBC\"") == "");
  CHECK(about(schema, "\"\xC3\xBC\"") ==
        ": a string of 2 to 3 characters | the string \"\xC3\xBC\"");
  CHECK(about(schema, "\"abcd\"") == ": a string of 2 to 3 characters | the string \"abcd\"");
  CHECK(about(R"({"type":"array","minItems":1})", "[]") ==
        ": a list of at least 1 items | a list of 0");
}

TEST_CASE("a format accepts what it names and nothing beside it", "[base][schema]") {
  const auto good = [](const string& format, const string& value) {
    return about(R"({"type":"string","format":")" + format + "\"}", "\"" + value + "\"") == "";
  };
  CHECK(good("uri", "https://host/path?x=1"));
  CHECK_FALSE(good("uri", "host/path"));
  CHECK_FALSE(good("uri", "https://u:p@host/"));
  CHECK(good("hostname", "registry.example.com"));
  CHECK_FALSE(good("hostname", "registry.example.com:5000"));
  CHECK_FALSE(good("hostname", "127.1"));
  CHECK(good("email", "me+registry@example.com"));
  for (const string text :
       {"me", "@example.com", "me@", "a b@example.com", "me@ex ample", "a@b@example.com"}) {
    CAPTURE(text);
    CHECK_FALSE(good("email", text));
  }
  CHECK(good("duration", "1m30s"));
  CHECK_FALSE(good("duration", "30"));
  CHECK(good("bytes", "16MiB"));
  CHECK_FALSE(good("bytes", "16 MiB"));
}

TEST_CASE("a pattern is searched as RE2 reads it, in linear time", "[base][schema]") {
  CHECK(about(R"({"type":"string","pattern":"b\\d"})", "\"ab1c\"") == "");
  CHECK(about(R"({"type":"string","pattern":"^b$"})", "\"ab\"") != "");
  CHECK(about(R"({"type":"string","pattern":"^(a+)+b$"})", "\"" + string(300'000, 'a') + "\"") !=
        "");
}

TEST_CASE("enum and const compare values, not spellings", "[base][schema]") {
  CHECK(about(R"({"type":"integer","enum":[1,2]})", "1.0") == "");
  CHECK(about(R"({"type":"integer","enum":[1,2]})", "3") == ": one of 1, 2 | the number 3");
  CHECK(about(R"({"const":"v1"})", "\"v2\"") == ": \"v1\" | the string \"v2\"");
}

TEST_CASE("a key may need another beside it", "[base][schema]") {
  const string schema =
      object(R"("username":{"type":"string"},"password":{"type":"string","x-secret":true})",
             R"(,"dependentRequired":{"username":["password"],"password":["username"]})");
  CHECK(mistakes(schema, "{}") == "");
  CHECK(mistakes(schema, R"({"username":"u","password":"p"})") == "");
  CHECK(mistakes(schema, R"({"username":"u"})") ==
        "#/password: the key \"password\" beside \"username\" | no such key");
}

TEST_CASE("the discriminating constant chooses the branch that is checked", "[base][schema]") {
  CHECK(mistakes(with_choice, R"({"auth":{"kind":"basic","user":"u"}})") == "");
  CHECK(mistakes(with_choice, R"({"auth":{"kind":"token","token":"t"}})") == "");
  CHECK(mistakes(with_choice, R"({"auth":{"kind":"token","user":"u"}})") ==
        "#/auth/user: one of the keys \"kind\", \"token\" | the unknown key \"user\"\n"
        "#/auth/token: the key \"token\" | no such key");
  CHECK(mistakes(with_choice, R"({"auth":{"kind":"tokn"}})") ==
        "/auth/kind: one of \"basic\", \"token\" | the string \"tokn\" | token");
  CHECK(mistakes(with_choice, R"({"auth":{"user":"u"}})") ==
        "#/auth/kind: the key \"kind\" | no such key");
  CHECK(mistakes(with_choice, R"({"auth":"basic"})") ==
        "/auth: an object whose \"kind\" is one of \"basic\", \"token\" | a string");
}

TEST_CASE("an object without properties takes any key", "[base][schema]") {
  CHECK(mistakes(R"({"type":"object"})", R"({"a":1,"b":{}})") == "");
  CHECK(mistakes(R"({"type":"object","additionalProperties":false})", R"({"a":1})") != "");
}

TEST_CASE("the value of a secret is never shown, wherever it was put", "[base][schema]") {
  const string documents[] = {
      R"({"credentials":{"username":"u","password":"hunter2"}})",
      R"({"credentials":{"username":"u","password":["hunter2"]}})",
      R"({"credentials":{"username":"u","password":{"value":"hunter2"}}})",
      R"({"credentials":{"username":"u","pasword":"hunter2"}})",
      R"({"credentials":"hunter2"})",
  };
  for (const string& document : documents) {
    CAPTURE(document);
    const string text = mistakes(harbor_like, document);
    CHECK(text != "");
    CHECK_THAT(text, !Catch::Contains("hunter2"));
  }
  CHECK(mistakes(harbor_like, R"({"credentials":{"username":"u","password":1234}})") ==
        "/credentials/password: a string of at least 8 characters | a number");
  CHECK_THAT(mistakes(with_choice, R"({"auth":{"kind":"token","token":31337}})"),
             !Catch::Contains("31337"));
  CHECK_THAT(
      mistakes(R"({"type":"array","items":{"type":"string","x-secret":true}})", "\"hunter2\""),
      !Catch::Contains("hunter2"));
}

TEST_CASE("the sealed form of a secret stands for its value", "[base][schema]") {
  CHECK(mistakes(harbor_like,
                 R"({"credentials":{"username":"u","password":{"$secret":"password"}}})") == "");
  CHECK(mistakes(
            harbor_like,
            R"({"credentials":{"username":{"$secret":"x"},"password":{"$secret":"password"}}})") !=
        "");
  CHECK(mistakes(harbor_like, R"({"credentials":{"username":"u","password":{"$secret":1}}})") !=
        "");
  CHECK(mistakes(harbor_like,
                 R"({"credentials":{"username":"u","password":{"$secret":"p","x":1}}})") != "");
}

TEST_CASE("what is shown of a document is short and harmless to a terminal", "[base][schema]") {
  const string text = about(R"({"type":"integer"})", "\"\\u001b[31m" + string(1000, 'x') + "\"");
  CHECK(text.size() < 200);
  CHECK_THAT(text, !Catch::Contains("\x1B"));
  CHECK_THAT(mistakes(object(""), R"({"\u001b[31mred":1})"),
             Catch::Contains("the unknown key \"red\""));
}

TEST_CASE("defaults are filled in where a value is absent and nowhere else", "[base][schema]") {
  const Schema schema = compiled(harbor_like);
  CHECK(
      to_text(schema.with_defaults(json(R"({"credentials":{"username":"u","password":"p"}})"))) ==
      R"({"credentials":{"username":"u","password":"p"},"options":{"pageSize":100,"mode":"fast","verify":true}})");
  CHECK(to_text(schema.with_defaults(json(R"({"options":{"verify":false,"mode":"careful"}})"))) ==
        R"({"options":{"verify":false,"mode":"careful","pageSize":100}})");
  CHECK(to_text(compiled(with_choice).with_defaults(json(R"({"auth":{"kind":"basic"}})"))) ==
        R"({"auth":{"kind":"basic","user":"admin"}})");
  CHECK(to_text(compiled(with_choice).with_defaults(json("{}"))) == "{}");
}

TEST_CASE("an object that would lack a required member is not made up", "[base][schema]") {
  const string inner = object(R"("a":{"type":"string"},"b":{"type":"string","default":"x"})",
                              R"(,"required":["a"])");
  const Schema schema = compiled(object("\"inner\":" + inner));
  CHECK(to_text(schema.with_defaults(json("{}"))) == "{}");
  CHECK(to_text(schema.with_defaults(json(R"({"inner":{"a":"1"}})"))) ==
        R"({"inner":{"a":"1","b":"x"}})");
}

TEST_CASE("defaults reach the items of a list", "[base][schema]") {
  const Schema schema = compiled(R"({"type":"array","items":)" +
                                 object(R"("n":{"type":"integer","default":1})") + "}");
  CHECK(to_text(schema.with_defaults(json(R"([{},{"n":2}])"))) == R"([{"n":1},{"n":2}])");
}

TEST_CASE("the fields of a form come in x-order, then in document order", "[base][schema]") {
  string lines;
  for (const SchemaField& field : compiled(harbor_like).fields()) {
    lines += field.pointer + " " + field.name + " " + field.type +
             (field.required ? " required" : "") + (field.secret ? " secret" : "") + " " +
             field.default_text + "\n";
  }
  CHECK(lines ==
        "/credentials/username username string required \n"
        "/credentials/password password string required secret \n"
        "/options/mode mode string \"fast\"\n"
        "/options/pageSize pageSize integer 100\n"
        "/options/window window string \n"
        "/options/ratio ratio number \n"
        "/options/verify verify boolean true\n"
        "/options/tags tags array \n");
  const auto fields = compiled(harbor_like).fields();
  CHECK(fields[0].title == "User name");
  CHECK(fields[1].help == "Of a robot.");
  CHECK(fields[2].choices == std::vector<string>{"fast", "careful"});
  CHECK(fields[3].expected == "an integer from 1 to 100");
}

TEST_CASE("the branches of a choice show as fields, the discriminator once", "[base][schema]") {
  const auto fields = compiled(with_choice).fields();
  REQUIRE(fields.size() == 3);
  CHECK(fields[0].pointer == "/auth/kind");
  CHECK(fields[0].choices == std::vector<string>{"basic", "token"});
  CHECK(fields[1].pointer == "/auth/user");
  CHECK(fields[2].pointer == "/auth/token");
  CHECK_FALSE(fields[2].required);
  CHECK(fields[2].secret);
}

TEST_CASE("what is outside the closed profile is refused, all of it at once", "[base][schema]") {
  const string message =
      refusal(R"({"type":"object","additionalProperties":false,"patternProperties":{},
      "properties":{"a":{"type":"string","minimum":1},"b":{"type":"integer","maximun":3},"c":{"$ref":"#"}}})");
  CHECK_THAT(message, Catch::Contains("/: unknown keyword \"patternProperties\""));
  CHECK_THAT(message, Catch::Contains("/properties/a: \"minimum\" has no meaning for this type"));
  CHECK_THAT(
      message,
      Catch::Contains("/properties/b: unknown keyword \"maximun\" (did you mean \"maximum\"?)"));
  CHECK_THAT(message, Catch::Contains("/properties/c: \"type\" must be one of"));
}

TEST_CASE("every keyword outside the profile is unknown", "[base][schema]") {
  for (const string keyword : {"$ref",
                               "$id",
                               "$schema",
                               "$defs",
                               "$comment",
                               "allOf",
                               "anyOf",
                               "not",
                               "if",
                               "then",
                               "else",
                               "contains",
                               "patternProperties",
                               "propertyNames",
                               "unevaluatedProperties",
                               "uniqueItems",
                               "multipleOf",
                               "exclusiveMinimum",
                               "exclusiveMaximum",
                               "minProperties",
                               "maxProperties",
                               "prefixItems",
                               "contentEncoding",
                               "readOnly",
                               "nullable",
                               "x-unknown",
                               ""}) {
    CAPTURE(keyword);
    CHECK_THAT(refusal(R"({"type":"object",")" + keyword + "\":true}"),
               Catch::Contains("unknown keyword \"" + keyword + "\""));
  }
}

TEST_CASE("a schema that contradicts itself is refused with the reason", "[base][schema]") {
  const std::pair<string, string> cases[] = {
      {"", "JSON"},
      {"[]", "a schema is an object"},
      {"true", "a schema is an object"},
      {"{}", "\"type\" must be one of"},
      {R"({"type":["string","null"]})", "\"type\" must be one of"},
      {R"({"type":"null"})", "\"type\" must be one of"},
      {R"({"type":"string","type":"integer"})", "twice"},
      {R"({"type":"string","minLength":-1})", "\"minLength\" must be an integer of at least 0"},
      {R"({"type":"string","minLength":"1"})", "\"minLength\" must be an integer of at least 0"},
      {R"({"type":"string","minLength":3,"maxLength":2})", "least size is above"},
      {R"({"type":"integer","minimum":3,"maximum":2})", "\"minimum\" is above \"maximum\""},
      {R"x({"type":"string","pattern":"("})x", "\"pattern\" is not usable"},
      {R"x({"type":"string","pattern":"(?=a)"})x", "\"pattern\" is not usable"},
      {R"({"type":"string","pattern":"((a{100}){100}){100}"})", "\"pattern\" is not usable"},
      {R"({"type":"string","format":"ipv4"})", "unknown format \"ipv4\""},
      {R"({"type":"string","enum":[]})", "\"enum\" must be a list that is not empty"},
      {R"({"type":"string","enum":["a","a"]})", "has a value twice"},
      {R"({"type":"integer","enum":[1,1.0]})", "has a value twice"},
      {R"({"type":"string","enum":["a",1]})", "\"enum\" must be a string, not the number 1"},
      {R"({"type":"string","enum":["a"],"const":"a"})", "exclude each other"},
      {R"({"type":"integer","const":"a"})", "\"const\" must be an integer"},
      {R"({"type":"integer","default":"a"})",
       "\"default\" must be an integer, not the string \"a\""},
      {R"({"type":"integer","maximum":5,"examples":[1,6]})",
       "\"examples\" must be an integer of at most 5"},
      {R"({"type":"object","properties":{}})", "needs \"additionalProperties\": false"},
      {R"({"type":"object","properties":{},"additionalProperties":true})",
       "\"additionalProperties\" must be false"},
      {R"({"type":"object","properties":{},"additionalProperties":{}})",
       "\"additionalProperties\" must be false"},
      {object("", R"(,"required":["a"])"), "\"required\" names \"a\", which is no property"},
      {object(R"("a":{"type":"string"})", R"(,"required":["a","a"])"),
       "\"required\" must be a list of different names"},
      {object(R"("a":{"type":"string"})", R"(,"required":"a")"),
       "\"required\" must be a list of different names"},
      {object(R"("a":{"type":"string"})", R"(,"dependentRequired":{"a":["b"]})"),
       "names what is no property"},
      {object(R"("a":{"type":"string"})", R"(,"dependentRequired":{"b":["a"]})"),
       "names what is no property"},
      {object(R"("a":{"type":"string"})", R"(,"dependentRequired":{"a":"a"})"),
       "no list of different names"},
      {object(R"("a":7)"), "/properties/a: a schema is an object"},
      {R"({"type":"array","items":[{"type":"string"}]})", "\"items\" must be an object"},
      {R"({"type":"array","items":{"type":"text"}})", "/items: \"type\" must be one of"},
      {R"({"type":"integer","x-secret":true})", "\"x-secret\" has no meaning"},
      {R"({"type":"string","x-secret":"yes"})", "\"x-secret\" must be true or false"},
      {R"({"type":"string","x-help-url":"docs"})", "must be an http or https URL"},
      {R"({"type":"string","x-order":1.5})", "\"x-order\" must be an integer"},
      {R"({"type":"string","oneOf":[{"type":"string"}]})", "is for the type object"},
      {R"({"oneOf":[]})", "\"oneOf\" must be a list that is not empty"},
      {R"({"oneOf":[{"type":"string"}]})", "\"oneOf\" needs a property"},
      {"{\"oneOf\":[" + object(R"("k":{"const":"a"})") + "]}", "\"oneOf\" needs a property"},
      {"{\"oneOf\":[" + object(R"("k":{"const":"a"})", R"(,"required":["k"])") + "," +
           object(R"("k":{"const":"a"})", R"(,"required":["k"])") + "]}",
       "\"oneOf\" needs a property"},
  };
  for (const auto& [schema, reason] : cases) {
    CAPTURE(schema);
    CHECK_THAT(refusal(schema), Catch::Contains(reason));
  }
}

TEST_CASE("a schema may not show a secret", "[base][schema]") {
  for (const string more :
       {R"("default":"hunter2")", R"("examples":["hunter2"])", R"("enum":["hunter2"])"}) {
    CAPTURE(more);
    const string message =
        refusal(object(R"("password":{"type":"string","x-secret":true,)" + more + "}"));
    CHECK_THAT(message, Catch::Contains("it would be shown"));
    CHECK_THAT(message, !Catch::Contains("hunter2"));
  }
  CHECK_THAT(refusal(object(R"("password":{"type":"string","x-secret":true})",
                            R"(,"default":{"password":"hunter2"})")),
             Catch::Contains("it would be shown") && !Catch::Contains("hunter2"));
}

TEST_CASE("all annotations are accepted and kept", "[base][schema]") {
  const string schema =
      R"({"type":"string","title":"t","description":"d","examples":["a"],"deprecated":true,)"
      R"("default":"a","x-order":1,"x-group":"g","x-widget":"textarea","x-placeholder":"p",)"
      R"("x-help-url":"https://example.com/","x-visible-if":{"mode":"fast"},"x-restart":true,)"
      R"("x-since":"1.0"})";
  CHECK(to_text(compiled(schema).json()) == schema);
}

TEST_CASE("the nearest name is near: swapped, missing and wrong letters, whatever the case",
          "[base][schema]") {
  const std::vector<string> types = {"harbor", "docker-registry", "jfrog"};
  CHECK(nearest_name("habor", types) == "harbor");
  CHECK(nearest_name("hrabor", types) == "harbor");
  CHECK(nearest_name("Harbor", types) == "harbor");
  CHECK(nearest_name("HARBOUR", types) == "harbor");
  CHECK(nearest_name("dockerregistry", types) == "docker-registry");
  CHECK(nearest_name("docker_registry", types) == "docker-registry");
  CHECK(nearest_name("jforg", types) == "jfrog");
  CHECK(nearest_name("quay", types) == "");
  CHECK(nearest_name("", types) == "");
  CHECK(nearest_name("harbor", {}) == "");
  CHECK(nearest_name(string(100'000, 'a'), types) == "");
}
