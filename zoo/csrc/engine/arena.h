#pragma once

#include <cstddef>
#include <cstdint>

namespace zoo {

// Hands out parts of one block of memory. Over no block (null) it only counts what would be needed, so that
// the same code lays out the memory and tells its size.
class Arena {
 public:
  static constexpr size_t kAlignment = 64;

  explicit Arena(uint8_t* block) : block_(block) {}

  template <class T>
  T* take(int64_t count) noexcept {
    uint8_t* at = block_ == nullptr ? nullptr : block_ + used_;
    used_ += (static_cast<size_t>(count) * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return reinterpret_cast<T*>(at);
  }

  size_t used() const noexcept { return used_; }

 private:
  uint8_t* block_;
  size_t used_ = 0;
};

}  // namespace zoo
