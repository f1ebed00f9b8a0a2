#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace realizar::fusion {

/// Where the time of batches goes, by kind of op, as the worker sees it that called the device.
class OpTimes {
 public:
  struct Kind {
    std::string_view name;  // fusion::name(op), or what a device does besides
    int64_t n = 0;          // times that it was done
    double seconds = 0;
    double waiting = 0;  // of these, for other workers
  };

  void add(std::string_view name, double seconds, double waiting) {
    Kind& kind = find(name);
    ++kind.n;
    kind.seconds += seconds;
    kind.waiting += waiting;
  }

  /// In the order in which they were first done.
  const std::vector<Kind>& kinds() const { return kinds_; }

 private:
  Kind& find(std::string_view name) {
    for (Kind& kind : kinds_)
      if (kind.name == name) return kind;
    return kinds_.emplace_back(Kind{.name = name});
  }

  std::vector<Kind> kinds_;
};

}  // namespace realizar::fusion
