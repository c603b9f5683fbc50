#pragma once

// One layer and direction over a sequence.

#include <cstdint>

#include "engine/packed_weights.h"
#include "engine/scratch.h"
#include "engine/team.h"

namespace zoo::engine {

// How many steps there are, and how many rows take part in each. Without batch_sizes all rows take part in
// all steps. With batch_sizes, as in a packed sequence, step t has the first batch_sizes[t] rows, never more
// than the step before.
struct Steps {
  int64_t count;
  int batch;
  const int64_t* batch_sizes;

  int rows(int64_t t) const { return batch_sizes == nullptr ? batch : static_cast<int>(batch_sizes[t]); }
};

// Where the rows of a step lie: at data + t * step_stride + row * row_stride. The steps of a packed sequence
// follow each other without gaps, so there they lie at data + (rows of the steps before + row) * row_stride.
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
  const float* c_0;  // (batch, hidden_size); null unless the cell has a c
  float* h_n;
  float* c_n;
};

// The part of a direction that one thread computes: the rows of its crew, and its member's range of their
// units.
struct Share {
  int first_row, last_row;
  int member, members;
  Barrier* barrier;
};

// Returns whether the machine was too crowded for members to keep step. The first member has then done the
// rest alone; the results are the same.
bool run_direction(const KernelTable& kernels, const DirectionView& view, const Share& share,
                   const CrewScratch& crew, const MemberScratch& scratch) noexcept;

}  // namespace zoo::engine
