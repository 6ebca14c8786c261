#include "plugin/contract.h"

#include <algorithm>

#include "plugin/abi_read.h"
#include "plugin/elf.h"
#include "plugin/loaded_type.h"
#include "plugin/outcome.h"

namespace portolan::plugin {
namespace {

constexpr std::string_view nobody = "org.portolan.no-such-extension/1";

}  // namespace

Checked<std::unique_ptr<Contract>> Contract::load(const std::filesystem::path& file) {
  auto bytes = SealedFile::read(file);
  if (auto* refusal = std::get_if<Refusal>(&bytes)) return std::move(*refusal);
  auto elf = read_elf(std::get<SealedFile>(bytes).bytes());
  if (auto* refusal = std::get_if<Refusal>(&elf)) return std::move(*refusal);
  auto note = parse_note(std::get<ElfFacts>(elf).note);
  if (auto* refusal = std::get_if<Refusal>(&note)) return std::move(*refusal);
  auto function = load_library(std::get<SealedFile>(std::move(bytes)));
  if (auto* refusal = std::get_if<Refusal>(&function)) return std::move(*refusal);
  const EntryFunction entry = std::get<EntryFunction>(function);
  const auto read = read_struct<portolan_entry>(entry());
  if (!read || !read->descriptor || !read->create || read->descriptor_count == 0)
    return Refusal{"descriptor_mismatch", "the entry is not complete",
                   "fill size, descriptor, descriptor_count and create"};
  return std::unique_ptr<Contract>(new Contract(std::get<Note>(std::move(note)), entry));
}

std::shared_ptr<Type> Contract::type(const Note::Type& type) const {
  return make_type(&entry_, services::host_table(), type, note_.id);
}

std::string Contract::same_entry() const {
  return function_() == &entry_ ? "" : "a second call gave another pointer";
}

std::string Contract::descriptor_agrees() const {
  const auto mismatch = compare(&entry_, note_);
  return mismatch ? mismatch->message : "";
}

std::string Contract::nothing_past_the_end() const {
  for (const std::uint32_t index : {entry_.descriptor_count, UINT32_MAX})
    if (entry_.descriptor(index))
      return "descriptor(" + std::to_string(index) + ") is no null pointer";
  return {};
}

std::string Contract::unknown_type_extension(const std::string& type) const {
  if (!entry_.type_extension) return {};
  return entry_.type_extension(to_abi(type), to_abi(nobody))
             ? "an id that nobody defined got a table"
             : "";
}

const portolan_instance* Contract::create(const Settings& settings, std::string& problem) const {
  services::Call call(nullptr, {});
  const portolan_registry registry{sizeof(portolan_registry),    0,
                                   to_abi(settings.type),        to_abi(settings.base),
                                   to_abi(settings.config_json), {}};
  const portolan_instance* made = nullptr;
  const auto done = run(note_.id, call, nullptr, [&] {
    return entry_.create(call.abi(), services::host_table(), &registry, &made);
  });
  if (!done) {
    problem = "create() failed: " + done.error().message;
    return nullptr;
  }
  const auto read = read_struct<portolan_instance>(made);
  if (!read || !read->extension || !read->destroy) {
    problem = "create() answered ok and gave no complete instance";
    return nullptr;
  }
  return made;
}

std::string Contract::create_and_destroy(const Settings& settings, int times) const {
  std::string problem;
  for (int i = 0; i < times; ++i) {
    const portolan_instance* made = create(settings, problem);
    if (!made) return problem;
    made->destroy(made);
  }
  return {};
}

std::string Contract::unknown_extension(const Settings& settings) const {
  std::string problem;
  const portolan_instance* made = create(settings, problem);
  if (!made) return problem;
  if (made->extension(made, to_abi(nobody))) problem = "an id that nobody defined got a table";
  made->destroy(made);
  return problem;
}

std::string Contract::extensions_as_declared(const Note::Type& type,
                                             const Settings& settings) const {
  std::string problem;
  const portolan_instance* made = create(settings, problem);
  if (!made) return problem;
  for (const char* id :
       {PORTOLAN_EXT_INTEGRATION, PORTOLAN_EXT_VALIDATION, PORTOLAN_EXT_STATISTICS,
        PORTOLAN_EXT_CATALOG, PORTOLAN_EXT_SPACES, PORTOLAN_EXT_ROBOTS, PORTOLAN_EXT_DETECT}) {
    const bool on_entry = std::string_view(id) == PORTOLAN_EXT_DETECT;
    const auto ask = [&]() -> const void* {
      if (!on_entry) return made->extension(made, to_abi(id));
      return entry_.type_extension ? entry_.type_extension(to_abi(type.type), to_abi(id)) : nullptr;
    };
    const void* table = ask();
    const bool named =
        std::find(type.extensions.begin(), type.extensions.end(), id) != type.extensions.end();
    if (named != (table != nullptr))
      problem = std::string(id) + (named ? " is in the manifest and has no table"
                                         : " has a table and is not in the manifest");
    else if (ask() != table)
      problem = std::string(id) + ": a second question got another table";
  }
  made->destroy(made);
  return problem;
}

std::string Contract::instances_independent(const Settings& settings) const {
  std::string problem;
  const portolan_instance* first = create(settings, problem);
  const portolan_instance* second = first ? create(settings, problem) : nullptr;
  if (!second) {
    if (first) first->destroy(first);
    return problem;
  }
  if (first == second) return "two instances are one";
  const void* table = second->extension(second, to_abi(PORTOLAN_EXT_INTEGRATION));
  first->destroy(first);
  if (second->extension(second, to_abi(PORTOLAN_EXT_INTEGRATION)) != table)
    problem = "destroying one instance changed another";
  second->destroy(second);
  return problem;
}

}  // namespace portolan::plugin
