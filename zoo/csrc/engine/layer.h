#pragma once

// One layer and direction over a sequence.

#include <cstdint>

#include "engine/packed_weights.h"
#include "engine/scratch.h"
#include "engine/team.h"

namespace zoo {

// How many steps there are, and how many rows take part in each. Without batch_sizes all rows take part in
// all steps; with them step t has the first batch_sizes[t] rows, never more than the step before
// (PackedSequence).
struct Steps {
  int64_t count;
  int batch;
  const int64_t* batch_sizes;

  int rows(int64_t t) const { return batch_sizes == nullptr ? batch : static_cast<int>(batch_sizes[t]); }
};

// Where the rows of a step lie: data + t * step_stride + row * row_stride; in a packed sequence, where steps
// follow each other without gaps, data + (rows of the steps before + row) * row_stride.
template <class T>
struct Rows {
  T* data;
  int64_t step_stride;
  int64_t row_stride;

  T* at(int64_t t, int64_t rows_before, int64_t row) const {
    return data + t * step_stride + (rows_before + row) * row_stride;
  }
};

// One layer and direction: what goes in, what comes out.
struct DirectionView {
  Cell cell;
  Precision precision;
  int hidden_size;
  int output_size;
  LayerView weights;
  bool reverse;
  Steps steps;
  Rows<const float> input;
  Rows<float> output;
  const float* h_0;  // (batch, output_size)
  const float* c_0;  // (batch, hidden_size), LSTM only
  float* h_n;
  float* c_n;
};

// The part of a direction that one thread computes: a range of rows, and of these a range of units that it
// shares with the other members of its group.
struct Share {
  int first_row, last_row;
  int member, members;
  Barrier* barrier;
};

// Returns whether the machine turned out too crowded for members to keep step: the first has then done the
// rest alone. The results are the same.
bool run_direction(const KernelTable& kernels, const DirectionView& view, const Share& share,
                   const GroupScratch& group, const MemberScratch& scratch) noexcept;

}  // namespace zoo
