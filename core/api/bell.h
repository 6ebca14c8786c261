#pragma once
#include <cstdint>
#include <functional>
#include <memory>

namespace portolan::api {

/// "There may be news." Copies share one bell; safe from any thread.
class Bell {
 public:
  Bell();

  /// Calls every listener, on this thread.
  void ring() const;

  /// Ends its listener when it goes; from then on the listener is not called, nor running.
  class Listening {
   public:
    Listening() = default;
    Listening(Listening&& other) noexcept;
    Listening& operator=(Listening&& other) noexcept;
    ~Listening();

   private:
    friend class Bell;
    struct Shared;
    Listening(std::shared_ptr<Shared> bell, std::uint64_t number);
    std::shared_ptr<Shared> bell_;
    std::uint64_t number_ = 0;
  };

  /// `listener` must be short and may neither ring nor listen.
  [[nodiscard]] Listening listen(std::function<void()> listener) const;

 private:
  std::shared_ptr<Listening::Shared> shared_;
};

}  // namespace portolan::api
