#pragma once
/// The plugin of the registries in sites.h.
#include "plugin/plugin_set.h"
#include "sites.h"

namespace portolan::test {

/// The plugin of the type "site", which a test may take away.
class SitePlugins : public plugin::PluginSet {
 public:
  SitePlugins() {
    note_ = {"site",
             "site",
             R"({"type":"object","additionalProperties":false,"properties":{
               "credentials":{"type":"object","additionalProperties":false,"properties":{
                 "username":{"type":"string"},"password":{"type":"string","minLength":3}}},
               "options":{"type":"object","additionalProperties":false,"properties":{
                 "page_size":{"type":"integer","maximum":100}}}}})",
             {}};
  }

  /// The site at `address`, made when nobody has asked for it yet.
  std::shared_ptr<Site> at(const std::string& address) {
    std::lock_guard lock(mutex_);
    auto& site = sites_[address];
    if (!site) site = std::make_shared<Site>();
    return site;
  }
  std::atomic<bool> missing{false};

  std::vector<plugin::Plugin> plugins() const override { return {}; }
  std::vector<std::string> types() const override { return {"site"}; }
  const plugin::Note::Type* type(std::string_view name) const override {
    return name == "site" ? &note_ : nullptr;
  }
  base::Result<std::shared_ptr<plugin::Type>> load(std::string_view name) override {
    if (name == "site" && !missing) return std::shared_ptr<plugin::Type>(new SiteType(*this));
    return base::Error{base::Code::plugin_missing, "no plugin implements it", "install it"};
  }

 private:
  class SiteType : public plugin::Type {
   public:
    explicit SiteType(SitePlugins& plugins) : plugins_(plugins) {}
    const std::string& name() const override { return plugins_.note_.type; }
    base::Result<std::unique_ptr<plugin::Instance>> create(services::Call&, const std::string& base,
                                                           const std::string& config,
                                                           const std::string&) override {
      const bool has_password = config.find("$secret") != std::string::npos;
      return std::unique_ptr<plugin::Instance>(
          std::make_unique<SiteInstance>(plugins_.at(base), base, has_password));
    }
    base::Result<model::Detection> detect(services::Call&, const std::string&) override {
      return base::Error{base::Code::unsupported, "no"};
    }

   private:
    SitePlugins& plugins_;
  };

  plugin::Note::Type note_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Site>> sites_;
};

}  // namespace portolan::test
