#pragma once

// The working memory of a layer.

#include <cstdint>

#include "engine/arena.h"
#include "engine/packed_weights.h"

namespace zoo {

// Of one group (the states) and of one of its members.
struct GroupScratch {
  float* h[2];    // (rows, padded output_size), the step before and the step after
  float* c;       // (rows, padded hidden_size)
  float* hidden;  // (rows, padded hidden_size), before the projection
};
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

GroupScratch take_group_scratch(const StackSizes& sizes, int rows, Arena& arena) noexcept;
MemberScratch take_member_scratch(const StackSizes& sizes, int rows, int64_t total_rows,
                                  Arena& arena) noexcept;

}  // namespace zoo
