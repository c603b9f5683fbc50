#pragma once

// The working memory of a layer.

#include <cstddef>
#include <cstdint>

#include "engine/packed_weights.h"

namespace zoo::engine {

// Hands out parts of one block of memory. Without a block (null) it only counts what would be needed, so that
// the same code lays out the memory and computes its size.
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

// The states that the members of a crew (stack.cpp) share.
struct CrewScratch {
  float* h[2];    // (rows, padded output_size), the step before and the step after
  float* c;       // (rows, padded hidden_size)
  float* hidden;  // (rows, padded hidden_size), before the projection
};

// What one member has for itself.
struct MemberScratch {
  int chunk_rows;     // rows whose input part is computed at a time
  float* input_part;  // (chunk_rows, blocks of the member, gates, 16)
  Row* x;             // (chunk_rows)
  uint8_t* x_bytes;   // (chunk_rows, columns), int8 only
  Row* h[2];          // (rows)
  uint8_t* h_bytes;   // (rows, columns), int8 only
  Row* hidden;        // (rows), before the projection
  uint8_t* hidden_bytes;
};

CrewScratch take_crew_scratch(const StackSizes& sizes, int rows, Arena& arena) noexcept;
MemberScratch take_member_scratch(const StackSizes& sizes, int rows, int64_t total_rows,
                                  Arena& arena) noexcept;

}  // namespace zoo::engine
