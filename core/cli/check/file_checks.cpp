#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <variant>

#include "base/schema.h"
#include "cli/check/checks.h"
#include "plugin/elf.h"
#include "plugin/sealed_file.h"

namespace portolan::cli::check {
namespace {

using plugin::Checked;
using plugin::Refusal;

std::string said(const Refusal& refusal) { return refusal.message + " (" + refusal.code + ")"; }
template <class T>
std::string said(const Checked<T>& checked) {
  const auto* refusal = std::get_if<Refusal>(&checked);
  return refusal ? said(*refusal) : "";
}

std::string safe(const std::filesystem::path& file) {
  const auto bytes = plugin::SealedFile::read(file);
  if (const auto* refusal = std::get_if<Refusal>(&bytes)) return said(*refusal);
  const auto& danger = std::get<plugin::SealedFile>(bytes).danger();
  return danger ? said(*danger) : "";
}

std::string exports(const plugin::Plugin& plugin) {
  if (plugin.exports == std::vector<std::string>{"portolan_plugin_v1"}) return {};
  std::string names;
  for (const std::string& name : plugin.exports)
    if (names.size() < 200) names += (names.empty() ? "" : ", ") + name;
  return "it exports " + (names.empty() ? std::string("nothing") : names);
}

/// What `inspect` refuses for one of `codes`.
std::string refused_for(const plugin::Plugin& plugin, const std::vector<std::string>& codes) {
  const auto& refusal = plugin.refusal;
  if (!refusal || std::find(codes.begin(), codes.end(), refusal->code) == codes.end()) return {};
  return said(*refusal);
}

bool sounds_secret(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word : {"password", "secret", "token", "apikey", "api_key", "privatekey"})
    if (name.find(word) != std::string::npos) return true;
  return false;
}

/// The names of the fields for which `wrong` holds, or empty.
std::string fields_where(const std::string& schema_text, const char* what,
                         const std::function<bool(const base::SchemaField&)>& wrong) {
  const auto schema = base::Schema::compile(schema_text);
  if (!schema) return "the schema is not in the profile";
  std::string names;
  for (const auto& field : schema->fields())
    if (wrong(field)) names += (names.empty() ? "" : ", ") + field.pointer;
  return names.empty() ? "" : names + what;
}

/// How it was linked: what `portolan_add_plugin()` does by itself.
std::vector<Check> linking_checks(const std::filesystem::path& file) {
  std::optional<plugin::Linking> linking;
  if (const auto bytes = plugin::SealedFile::read(file);
      const auto* sealed = std::get_if<plugin::SealedFile>(&bytes)) {
    const auto elf = plugin::read_elf(sealed->bytes());
    if (const auto* facts = std::get_if<plugin::ElfFacts>(&elf)) linking = facts->linking;
  }
  const auto make = [&](std::string name, std::string rule, auto problem) {
    return Check{"file", std::move(name), "",
                 std::move(rule) + " (docs/plugin-guide.md, Publishing)", [linking, problem] {
                   return linking ? unless(problem(*linking))
                                  : skipped("the manifest cannot be read");
                 }};
  };
  using plugin::Linking;
  return {make("file-no-gnu-unique", "no symbol of it is shared with other files by its name",
               [](const Linking& l) -> std::string {
                 return l.unique_symbols ? "it has GNU_UNIQUE symbols: compile with "
                                           "-fno-gnu-unique and hide them"
                                         : "";
               }),
          make("file-no-static-tls", "its thread-local data needs no room kept at program start",
               [](const Linking& l) -> std::string {
                 return l.static_tls ? "it needs static TLS: leave -ftls-model=initial-exec out"
                                     : "";
               }),
          make("file-no-textrel-execstack", "its code is not written to, its stack is not run",
               [](const Linking& l) -> std::string {
                 if (l.text_relocations) return "it has text relocations: compile with -fPIC";
                 return l.executable_stack ? "it asks for an executable stack: link with "
                                             "-Wl,-z,noexecstack"
                                           : "";
               }),
          make("file-no-rpath", "it names no folder of the machine that built it",
               [](const Linking& l) -> std::string {
                 return l.search_path ? "it has an RPATH or RUNPATH: link your libraries statically"
                                      : "";
               }),
          make("file-relro-now", "its tables are bound at load and cannot be written afterwards",
               [](const Linking& l) -> std::string {
                 return l.relro && l.now ? "" : "link it with -Wl,-z,relro -Wl,-z,now";
               })};
}

}  // namespace

std::vector<Check> file_checks(const std::filesystem::path& file) {
  const auto plugin = std::make_shared<plugin::Plugin>(plugin::inspect_file(file));
  // What only a manifest can show is no pass without one.
  const auto of_note = [plugin](std::string name, std::string rule,
                                std::vector<std::string> codes) {
    return Check{"file", std::move(name), "", std::move(rule), [plugin, codes = std::move(codes)] {
                   return plugin->note ? unless(refused_for(*plugin, codes))
                                       : skipped("the manifest cannot be read");
                 }};
  };
  const auto one = [](std::string name, std::string rule, std::function<std::string()> problem) {
    return Check{"file", std::move(name), "", std::move(rule),
                 [problem = std::move(problem)] { return unless(problem()); }};
  };
  std::vector<Check> out = {
      one("file-elf", "the file is a shared object for this machine",
          [plugin] {
            return refused_for(*plugin, {"unreadable", "too_large", "not_elf", "wrong_machine"});
          }),
      one("file-note", "it carries one manifest as an ELF note, written as docs/abi.md says",
          [plugin] {
            const std::string problem = refused_for(*plugin, {"no_note", "bad_note"});
            return !problem.empty() || plugin->note ? problem : "the manifest cannot be read";
          }),
      one("file-exports-only-entry", "portolan_plugin_v1 is the one symbol that it exports",
          [plugin] { return exports(*plugin); }),
      one("file-safe", "nobody but root and its user can change it", [file] { return safe(file); }),
      of_note("file-abi", "its ABI major and minimum minor are this host's",
              {"abi_too_old", "abi_too_new"}),
      of_note("file-mandatory-extensions", "integration, validation and statistics are there",
              {"missing_extension"})};
  for (Check& check : linking_checks(file)) out.push_back(std::move(check));
  return out;
}

std::vector<Check> schema_checks(const plugin::Note& note) {
  std::vector<Check> out;
  for (const auto& type : note.types) {
    const std::string text = type.schema_text;
    const auto add = [&](std::string name, std::string rule, std::function<std::string()> problem) {
      out.push_back({"schema", std::move(name), type.type, std::move(rule),
                     [problem = std::move(problem)] { return unless(problem()); }});
    };
    add("schema-in-profile",
        "it has exactly credentials and options, known keywords, and defaults that fit", [note] {
          const auto refusal = judge_note(note, {"portolan_plugin_v1"});
          return refusal && refusal->code == "bad_schema" ? said(*refusal) : std::string();
        });
    add("schema-secrets-marked", "a field that holds a secret has \"x-secret\": true", [text] {
      return fields_where(text, ": x-secret is missing", [](const base::SchemaField& field) {
        return sounds_secret(field.name) && !field.secret;
      });
    });
    add("schema-fields-described", "every field has a title and a description for people", [text] {
      return fields_where(
          text, ": title or description is missing",
          [](const base::SchemaField&
                 field) {  // The two parts of every form need no words of their own.
            return field.pointer.rfind('/') != 0 && (field.title.empty() || field.help.empty());
          });
    });
  }
  return out;
}

}  // namespace portolan::cli::check
