#include "plugin/elf.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "model/limits.h"

namespace portolan::plugin {
namespace {

#if defined(__x86_64__)
constexpr int our_machine = EM_X86_64;
constexpr std::string_view our_machine_name = "x86-64";
#elif defined(__aarch64__)
constexpr int our_machine = EM_AARCH64;
constexpr std::string_view our_machine_name = "AArch64";
#else
#error "name this machine's e_machine"
#endif

constexpr std::string_view note_name{"PORTOLAN", 9};  // namesz counts the terminator.
constexpr std::uint32_t note_type = 1;
constexpr std::size_t headers_max = 4096;
constexpr std::size_t symbols_max = 20'000;
constexpr std::size_t name_bytes_max = 256;

Refusal not_elf(std::string message) {
  return {"not_elf", std::move(message), "give a shared object built for this machine (.so)"};
}

Refusal bad_note(std::string message) {
  return {"bad_note", std::move(message), "build the plugin again with portolan_add_plugin()"};
}

/// Bytes of a file; every access is checked against its end.
class Bytes {
 public:
  explicit Bytes(std::string_view all) : all_(all) {}

  std::optional<std::string_view> slice(std::uint64_t offset, std::uint64_t size) const {
    if (offset > all_.size() || size > all_.size() - offset) return std::nullopt;
    return all_.substr(offset, size);
  }

  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    const auto bytes = slice(offset, sizeof(T));
    if (!bytes) return std::nullopt;
    T value;
    std::memcpy(&value, bytes->data(), sizeof(T));  // Offsets in foreign files may be unaligned.
    return value;
  }

  /// Element `index` of a table of T at `offset`.
  template <class T>
  std::optional<T> element(std::uint64_t offset, std::uint64_t index) const {
    if (index > all_.size() / sizeof(T) || offset > all_.size()) return std::nullopt;
    return at<T>(offset + index * sizeof(T));
  }

  std::string text(std::uint64_t offset) const {
    if (offset >= all_.size()) return {};
    const auto rest = all_.substr(offset, name_bytes_max);
    return std::string(rest.substr(0, rest.find('\0')));
  }

 private:
  std::string_view all_;
};

std::optional<Refusal> check_header(const Bytes& file, std::size_t size) {
  const auto ident = file.slice(0, EI_NIDENT);
  if (!ident || ident->substr(0, SELFMAG) != std::string_view(ELFMAG, SELFMAG)) {
    return not_elf(size == 0 ? "the file is empty" : "the file is no ELF file");
  }
  const auto wrong_machine = [](std::string found) {
    return Refusal{"wrong_machine", std::move(found),
                   "build the plugin for " + std::string(our_machine_name) + ", 64 bit"};
  };
  if ((*ident)[EI_CLASS] != ELFCLASS64) return wrong_machine("the file is no 64-bit object");
  if ((*ident)[EI_DATA] != ELFDATA2LSB) return wrong_machine("the file is not little endian");
  const auto header = file.at<Elf64_Ehdr>(0);
  if (!header) return not_elf("the file ends inside its ELF header");
  if (header->e_machine != our_machine) {
    return wrong_machine("the file is for machine number " + std::to_string(header->e_machine) +
                         ", this is " + std::to_string(our_machine));
  }
  if (header->e_type != ET_DYN) return not_elf("the file is an ELF file but no shared object");
  return std::nullopt;
}

std::uint64_t padded(std::uint64_t size, std::uint64_t align) {
  return (size + align - 1) & ~(align - 1);
}

/// Every note named PORTOLAN of type 1 in one note segment or section.
void find_notes(std::string_view area, std::uint64_t align, std::vector<std::string_view>& found) {
  const Bytes notes(area);
  const std::uint64_t step = align == 8 ? 8 : 4;  // The gABI says 4; GNU property notes use 8.
  for (std::uint64_t at = 0; const auto note = notes.at<Elf64_Nhdr>(at);) {
    const std::uint64_t name_at = at + sizeof(Elf64_Nhdr);
    const std::uint64_t text_at = padded(name_at + note->n_namesz, step);
    const auto name = notes.slice(name_at, note->n_namesz);
    const auto text = notes.slice(text_at, note->n_descsz);
    if (!name || !text) return;
    if (*name == note_name && note->n_type == note_type) found.push_back(*text);
    at = padded(text_at + note->n_descsz, step);
  }
}

/// A section that a tool added later (objcopy) lies in no segment.
void find_note_section(const Bytes& file, const Elf64_Ehdr& header,
                       std::vector<std::string_view>& found) {
  if (header.e_shentsize != sizeof(Elf64_Shdr)) return;
  const auto names = file.element<Elf64_Shdr>(header.e_shoff, header.e_shstrndx);
  const auto table = names ? file.slice(names->sh_offset, names->sh_size) : std::nullopt;
  if (!table) return;
  for (std::size_t i = 0; i < std::min<std::size_t>(header.e_shnum, headers_max); ++i) {
    const auto section = file.element<Elf64_Shdr>(header.e_shoff, i);
    if (!section) return;
    if (section->sh_type != SHT_NOTE && section->sh_type != SHT_PROGBITS) continue;
    if (Bytes(*table).text(section->sh_name) != ".note.portolan") continue;
    if (const auto area = file.slice(section->sh_offset, section->sh_size)) {
      find_notes(*area, section->sh_addralign, found);
    }
  }
}

std::vector<Elf64_Phdr> segments(const Bytes& file, const Elf64_Ehdr& header) {
  std::vector<Elf64_Phdr> result;
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return result;
  for (std::size_t i = 0; i < std::min<std::size_t>(header.e_phnum, headers_max); ++i) {
    const auto segment = file.element<Elf64_Phdr>(header.e_phoff, i);
    if (!segment) break;
    result.push_back(*segment);
  }
  return result;
}

Checked<std::string> read_note(const Bytes& file, const Elf64_Ehdr& header,
                               const std::vector<Elf64_Phdr>& all) {
  std::vector<std::string_view> found;
  for (const Elf64_Phdr& segment : all) {
    if (segment.p_type != PT_NOTE) continue;
    if (const auto area = file.slice(segment.p_offset, segment.p_filesz)) {
      find_notes(*area, segment.p_align, found);
    }
  }
  if (found.empty()) find_note_section(file, header, found);
  if (found.empty()) {
    return Refusal{"no_note", "the file carries no Portolan note: it is some other shared object",
                   "remove it from the plugin directory, or build it with portolan_add_plugin()"};
  }
  if (found.size() > 1) return bad_note("the file carries more than one Portolan note");
  if (found.front().size() > model::limits::plugin_note_bytes) {
    return bad_note("the note has " + std::to_string(found.front().size()) + " bytes, at most " +
                    std::to_string(model::limits::plugin_note_bytes) + " are allowed");
  }
  return std::string(found.front());
}

/// What the dynamic loader will see: addresses of PT_DYNAMIC, turned into file offsets.
struct Dynamic {
  std::uint64_t symbols = 0, strings = 0, strings_size = 0, hash = 0, gnu_hash = 0;
  std::uint64_t flags = 0, flags_1 = 0;
  bool text_relocations = false, search_path = false, now = false;
};

std::uint64_t offset_of(const std::vector<Elf64_Phdr>& all, std::uint64_t address) {
  for (const Elf64_Phdr& segment : all) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz) {
      return segment.p_offset + (address - segment.p_vaddr);
    }
  }
  return 0;  // Where the ELF header is: never a table.
}

Dynamic read_dynamic(const Bytes& file, const std::vector<Elf64_Phdr>& all) {
  Dynamic dynamic;
  for (const Elf64_Phdr& segment : all) {
    if (segment.p_type != PT_DYNAMIC) continue;
    const std::uint64_t count =
        std::min<std::uint64_t>(segment.p_filesz / sizeof(Elf64_Dyn), headers_max);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto entry = file.element<Elf64_Dyn>(segment.p_offset, i);
      if (!entry || entry->d_tag == DT_NULL) break;
      switch (entry->d_tag) {
        case DT_SYMTAB: dynamic.symbols = offset_of(all, entry->d_un.d_ptr); break;
        case DT_STRTAB: dynamic.strings = offset_of(all, entry->d_un.d_ptr); break;
        case DT_STRSZ: dynamic.strings_size = entry->d_un.d_val; break;
        case DT_HASH: dynamic.hash = offset_of(all, entry->d_un.d_ptr); break;
        case DT_GNU_HASH: dynamic.gnu_hash = offset_of(all, entry->d_un.d_ptr); break;
        case DT_FLAGS: dynamic.flags = entry->d_un.d_val; break;
        case DT_FLAGS_1: dynamic.flags_1 = entry->d_un.d_val; break;
        case DT_TEXTREL: dynamic.text_relocations = true; break;
        case DT_BIND_NOW: dynamic.now = true; break;
        case DT_RPATH:
        case DT_RUNPATH: dynamic.search_path = true; break;
        default: break;
      }
    }
  }
  return dynamic;
}

/// The dynamic symbol table says its length nowhere; its hash table does. In a GNU hash table it is
/// the end of the chain that begins last.
std::uint64_t symbol_count(const Bytes& file, const Dynamic& dynamic) {
  if (dynamic.hash != 0) {
    const auto chains = file.element<std::uint32_t>(dynamic.hash, 1);
    return chains.value_or(0);
  }
  if (dynamic.gnu_hash == 0) return 0;
  const auto buckets = file.element<std::uint32_t>(dynamic.gnu_hash, 0);
  const auto first = file.element<std::uint32_t>(dynamic.gnu_hash, 1);
  const auto bloom = file.element<std::uint32_t>(dynamic.gnu_hash, 2);
  if (!buckets || !first || !bloom) return 0;
  const std::uint64_t buckets_at = dynamic.gnu_hash + 16 + std::uint64_t{*bloom} * 8;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(*buckets, symbols_max); ++i) {
    last = std::max<std::uint64_t>(last, file.element<std::uint32_t>(buckets_at, i).value_or(0));
  }
  if (last < *first) return 0;
  const std::uint64_t chains_at = buckets_at + std::uint64_t{*buckets} * 4;
  while (last < symbols_max) {
    const auto chain = file.element<std::uint32_t>(chains_at, last - *first);
    if (!chain || (*chain & 1) != 0) break;
    ++last;
  }
  return last + 1;
}

Linking read_linking(const Dynamic& dynamic, const std::vector<Elf64_Phdr>& all) {
  Linking out;
  out.static_tls = (dynamic.flags & DF_STATIC_TLS) != 0;
  out.text_relocations = dynamic.text_relocations || (dynamic.flags & DF_TEXTREL) != 0;
  out.search_path = dynamic.search_path;
  out.now = dynamic.now || (dynamic.flags & DF_BIND_NOW) != 0 || (dynamic.flags_1 & DF_1_NOW) != 0;
  out.executable_stack = true;  // What says nothing of its stack gets one.
  for (const Elf64_Phdr& segment : all) {
    if (segment.p_type == PT_GNU_STACK) out.executable_stack = (segment.p_flags & PF_X) != 0;
    if (segment.p_type == PT_GNU_RELRO) out.relro = true;
  }
  return out;
}

std::vector<std::string> read_exports(const Bytes& file, const Dynamic& dynamic,
                                      bool& unique_symbols) {
  const auto strings = file.slice(dynamic.strings, dynamic.strings_size);
  std::vector<std::string> names;
  if (!strings || dynamic.symbols == 0) return names;
  const std::uint64_t count = std::min<std::uint64_t>(symbol_count(file, dynamic), symbols_max);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto symbol = file.element<Elf64_Sym>(dynamic.symbols, i);
    if (!symbol) break;
    const int binding = ELF64_ST_BIND(symbol->st_info);
    const int visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    const bool seen = (binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE) &&
                      (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
    if (symbol->st_shndx == SHN_UNDEF || !seen) continue;
    if (binding == STB_GNU_UNIQUE) unique_symbols = true;
    names.push_back(Bytes(*strings).text(symbol->st_name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Checked<ElfFacts> read_elf(std::string_view bytes) {
  const Bytes file(bytes);
  if (auto refusal = check_header(file, bytes.size())) return *std::move(refusal);
  const Elf64_Ehdr header = *file.at<Elf64_Ehdr>(0);
  const std::vector<Elf64_Phdr> all = segments(file, header);
  auto note = read_note(file, header, all);
  if (auto* refusal = std::get_if<Refusal>(&note)) return std::move(*refusal);
  const Dynamic dynamic = read_dynamic(file, all);
  ElfFacts facts{std::get<std::string>(std::move(note)), {}, read_linking(dynamic, all)};
  facts.exports = read_exports(file, dynamic, facts.linking.unique_symbols);
  return facts;
}

}  // namespace portolan::plugin
