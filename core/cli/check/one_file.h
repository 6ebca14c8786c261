#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "plugin/contract.h"
#include "plugin/plugin_set.h"

namespace portolan::cli::check {

/// One plugin file as all the plugins there are. Without `contract` nothing can be loaded.
class OneFile : public plugin::PluginSet {
 public:
  explicit OneFile(plugin::Note note, const plugin::Contract* contract = nullptr)
      : note_(std::move(note)), contract_(contract) {}

  std::vector<plugin::Plugin> plugins() const override { return {}; }
  std::vector<std::string> types() const override {
    std::vector<std::string> names;
    for (const auto& type : note_.types) names.push_back(type.type);
    return names;
  }
  const plugin::Note::Type* type(std::string_view name) const override {
    for (const auto& type : note_.types)
      if (type.type == name) return &type;
    return nullptr;
  }
  base::Result<std::shared_ptr<plugin::Type>> load(std::string_view name) override {
    const auto* known = type(name);
    if (known && contract_) return contract_->type(*known);
    return base::Error{base::Code::plugin_missing,
                       "the file does not implement the type \"" + std::string(name) + "\"",
                       "it implements " + note_.types.front().type};
  }

 private:
  const plugin::Note note_;
  const plugin::Contract* const contract_;
};

}  // namespace portolan::cli::check
