#pragma once

// The working memory of a thread, which is kept from call to call: a repeated call allocates nothing.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "engine/scratch.h"

namespace zoo::engine {

// Grows to the largest size that was asked for.
class Scratch {
 public:
  uint8_t* at_least(size_t bytes) {
    if (bytes > size_) {
      memory_.reset();
      size_ = 0;
      memory_.reset(static_cast<uint8_t*>(::operator new(bytes, std::align_val_t{Arena::kAlignment})));
      size_ = bytes;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(uint8_t* memory) const { ::operator delete(memory, std::align_val_t{Arena::kAlignment}); }
  };
  std::unique_ptr<uint8_t, Free> memory_;
  size_t size_ = 0;
};

}  // namespace zoo::engine
