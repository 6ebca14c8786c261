
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "manifest/readers.h"
#include "model/limits.h"

namespace portolan::manifest {
namespace {

namespace fs = std::filesystem;
namespace limits = model::limits;

constexpr std::size_t files_per_directory = 10'000;

Mistake file_mistake(const std::string& file, std::string message) {
  Mistake mistake;
  mistake.file = file;
  mistake.message = std::move(message);
  return mistake;
}

bool is_manifest_name(const fs::path& name) {
  const std::string ending = name.extension().string();
  return name.string().front() != '.' &&
         (ending == ".yaml" || ending == ".yml" || ending == ".json");
}

std::vector<std::string> files_in(const std::string& directory, std::vector<Mistake>& mistakes) {
  std::vector<std::string> files;
  std::error_code failed;
  for (fs::directory_iterator each(directory, failed), end; !failed && each != end;
       each.increment(failed)) {
    std::error_code ignored;
    if (is_manifest_name(each->path().filename()) && !each->is_directory(ignored)) {
      files.push_back(each->path().string());
    }
    if (files.size() > files_per_directory) {
      mistakes.push_back(file_mistake(directory, "the directory holds more than 10000 manifests"));
      return {};
    }
  }
  if (failed) {
    mistakes.push_back(
        file_mistake(directory, "the directory cannot be read: " + failed.message()));
  } else if (files.empty()) {
    mistakes.push_back(
        file_mistake(directory, "the directory holds no *.yaml, *.yml or *.json file"));
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Reads one file and appends its documents.
class FileReader {
 public:
  FileReader(Sources& sources, std::vector<Mistake>& mistakes)
      : sources_(sources), mistakes_(mistakes) {}

  void read_stream(std::istream& in, const Document& origin, bool json) {
    sources_.files.push_back(origin.file);
    const std::string text = read_bytes(in, limits::manifest_bytes);
    if (in.bad()) {
      mistakes_.push_back(file_mistake(origin.file, "the file cannot be read"));
      return;
    }
    const std::size_t documents = sources_.documents.size(), mistakes = mistakes_.size();
    read_documents(text, origin, json, sources_.documents, mistakes_);
    if (sources_.documents.size() == documents && mistakes_.size() == mistakes) {
      mistakes_.push_back(file_mistake(origin.file, "the file holds no document"));
    }
  }

  void read_file(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      sources_.files.push_back(file);
      std::error_code ignored;
      const bool exists = fs::exists(file, ignored);
      mistakes_.push_back(
          file_mistake(file, exists ? "the file cannot be read" : "the file does not exist"));
      return;
    }
    Document origin;
    origin.file = file;
    origin.folder = fs::path(file).parent_path().string();
    read_stream(in, origin, fs::path(file).extension() == ".json");
  }

 private:
  Sources& sources_;
  std::vector<Mistake>& mistakes_;
};

}  // namespace

std::string read_bytes(std::istream& in, std::size_t limit) {
  std::string text;
  char part[64 * 1024];
  while (text.size() <= limit && (in.read(part, sizeof part) || in.gcount() > 0)) {
    const std::size_t room = limit + 1 - text.size();
    text.append(part, std::min(static_cast<std::size_t>(in.gcount()), room));
  }
  return text;
}

Sources read_paths(const std::vector<std::string>& paths, std::istream& standard_input,
                   std::vector<Mistake>& mistakes) {
  Sources sources;
  FileReader reader(sources, mistakes);
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (path == "-") {
      Document origin;
      origin.file = standard_input_name;
      reader.read_stream(standard_input, origin, false);
    } else if (fs::is_directory(path, ignored)) {
      sources.files.push_back(path);
      for (const std::string& file : files_in(path, mistakes)) reader.read_file(file);
    } else {
      reader.read_file(path);
    }
  }
  return sources;
}

}  // namespace portolan::manifest
