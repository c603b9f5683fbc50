#include "engine/layer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace zoo::engine {
namespace {

// An input part of one step that is larger than this would crowd the second-level cache.
constexpr int64_t kLargeStepBytes = 192 << 10;

BlockRange member_blocks(int blocks, const Share& share) {
  return {blocks * share.member / share.members, blocks * (share.member + 1) / share.members};
}

class DirectionRun {
 public:
  DirectionRun(const KernelTable& kernels, const DirectionView& view, const Share& share,
               const CrewScratch& crew, const MemberScratch& scratch)
      : kernels_(kernels.precision[static_cast<int>(view.precision)]),
        quantize_row_(kernels.quantize_row),
        v_(view),
        share_(share),
        crew_(crew),
        scratch_(scratch),
        gates_(spec(view.cell).num_gates),
        rows_(share.last_row - share.first_row),
        h_stride_(round_up(view.output_size, kBlockUnits)),
        c_stride_(round_up(view.hidden_size, kBlockUnits)) {
    take_blocks();
  }

  bool run() noexcept {
    const int members = share_.members;
    load_state();
    Cursor next = first();
    while (next.steps_left > 0) {
      const int64_t steps = project_chunk(next);
      const bool crowded = run_chunk(next, steps);
      if (!crowded) continue;
      if (share_.member != 0) return true;
      share_.members = 1;
      take_blocks();
    }
    store_cell_state();
    return share_.members != members;
  }

 private:
  // A place in the sequence, which moves towards the end or, in the reverse direction, towards the beginning.
  struct Cursor {
    int64_t t;
    int64_t rows_before;  // in a packed sequence
    int64_t steps_left;
  };

  void take_blocks() {
    hidden_blocks_ = member_blocks(static_cast<int>(c_stride_ / kBlockUnits), share_);
    output_blocks_ = member_blocks(static_cast<int>(h_stride_ / kBlockUnits), share_);
    input_stride_ = static_cast<int64_t>(hidden_blocks_.last - hidden_blocks_.first) * gates_ * kBlockUnits;
  }

  Cursor first() const {
    const int64_t t = v_.reverse ? v_.steps.count - 1 : 0;
    int64_t before = 0;
    if (v_.reverse && v_.steps.batch_sizes != nullptr) {
      for (int64_t i = 0; i < t; ++i) before += v_.steps.batch_sizes[i];
    }
    return {t, before, v_.steps.count};
  }

  void advance(Cursor& cursor) const {
    const bool packed = v_.steps.batch_sizes != nullptr;
    if (--cursor.steps_left == 0) return;
    if (v_.reverse) {
      --cursor.t;
      if (packed) cursor.rows_before -= v_.steps.rows(cursor.t);
    } else {
      if (packed) cursor.rows_before += v_.steps.rows(cursor.t);
      ++cursor.t;
    }
  }

  // How many of this thread's rows take part in a step. They are always the first ones.
  int active(const Cursor& cursor) const {
    return std::clamp(v_.steps.rows(cursor.t) - share_.first_row, 0, rows_);
  }

  bool int8() const { return v_.precision == Precision::int8; }
  bool has_c() const { return spec(v_.cell).has_c; }

  // Gives the matrix a row of floats in the form that its precision takes.
  void present(const float* x, const MatrixView& matrix, uint8_t* bytes, Row* row) const {
    if (int8()) {
      quantize_row_(x, matrix.columns, matrix.range, bytes, row);
    } else {
      *row = {x, 1.0f, 0};
    }
  }

  void copy_units(const float* from, float* to, BlockRange blocks, int size) const {
    const int first = blocks.first * kBlockUnits;
    const int last = std::min(blocks.last * kBlockUnits, size);
    if (last > first) std::memcpy(to + first, from + first, sizeof(float) * (last - first));
  }

  // Both hidden buffers start from h_0: the reverse direction of a packed sequence reaches some rows late,
  // and these find h_0 in whichever buffer is current then.
  void load_state() {
    for (int r = 0; r < rows_; ++r) {
      const int64_t row = share_.first_row + r;
      for (float* h : crew_.h) {
        float* padded = h + r * h_stride_;
        copy_units(v_.h_0 + row * v_.output_size, padded, output_blocks_, v_.output_size);
        clear_padding(padded, output_blocks_, v_.output_size);
      }
      if (has_c()) {
        copy_units(v_.c_0 + row * v_.hidden_size, crew_.c + r * c_stride_, hidden_blocks_, v_.hidden_size);
        clear_padding(crew_.c + r * c_stride_, hidden_blocks_, v_.hidden_size);
      }
      if (!int8()) {
        for (int i = 0; i < 2; ++i) scratch_.h[i][r] = {crew_.h[i] + r * h_stride_, 1.0f, 0};
      }
    }
    for (int r = 0; r < rows_; ++r) {  // a row that takes part in no step keeps its state
      const int64_t row = share_.first_row + r;
      copy_units(crew_.h[0] + r * h_stride_, v_.h_n + row * v_.output_size, output_blocks_, v_.output_size);
    }
    share_.barrier->wait(share_.members);
  }

  void clear_padding(float* padded, BlockRange blocks, int size) const {
    for (int unit = std::max(size, blocks.first * kBlockUnits); unit < blocks.last * kBlockUnits; ++unit) {
      padded[unit] = 0.0f;
    }
  }

  void store_cell_state() {
    if (!has_c()) return;
    for (int r = 0; r < rows_; ++r) {
      const int64_t row = share_.first_row + r;
      copy_units(crew_.c + r * c_stride_, v_.c_n + row * v_.hidden_size, hidden_blocks_, v_.hidden_size);
    }
  }

  // Computes the input part of the gates for as many steps as the chunk holds, and returns their number. The
  // input part of a single large step is left to step_by_block().
  int64_t project_chunk(Cursor cursor) {
    const MatrixView& matrix = v_.weights.input;
    const int64_t bytes_stride = round_up(matrix.columns, 4);
    int rows = 0;
    int64_t steps = 0;
    while (cursor.steps_left > 0) {
      const int step_rows = active(cursor);
      if (steps > 0 && rows + step_rows > scratch_.chunk_rows) break;
      for (int r = 0; r < step_rows; ++r, ++rows) {
        present(v_.input.at(cursor.t, cursor.rows_before, share_.first_row + r), matrix,
                scratch_.x_bytes + rows * bytes_stride, scratch_.x + rows);
      }
      ++steps;
      advance(cursor);
    }
    by_block_ = steps == 1 && share_.members == 1 && rows * input_stride_ * 4 > kLargeStepBytes;
    if (by_block_) return steps;
    kernels_.project(gates_, {matrix, hidden_blocks_, rows, scratch_.x, scratch_.input_part, input_stride_});
    // The output may overwrite the input, so no member writes before all have read.
    share_.barrier->wait(share_.members);
    return steps;
  }

  // Takes the steps of the chunk, one by one, until the machine is crowded; returns whether it was.
  bool run_chunk(Cursor& cursor, int64_t steps) {
    const float* input_part = scratch_.input_part;
    for (; steps > 0; --steps) {
      const int rows = active(cursor);
      step(rows, input_part);
      const Cursor done = cursor;
      advance(cursor);
      const int stay = cursor.steps_left > 0 ? active(cursor) : 0;
      write_outputs(done, rows, stay);
      const bool crowded = share_.barrier->wait(share_.members);
      current_ ^= 1;
      if (crowded) return true;
      input_part += rows * input_stride_;
    }
    return false;
  }

  void step(int rows, const float* input_part) {
    const bool projected = crew_.hidden != nullptr;
    const float* h = crew_.h[current_];
    float* h_next = crew_.h[current_ ^ 1];
    const Row* h_rows = scratch_.h[int8() ? 0 : current_];
    if (int8()) {
      for (int r = 0; r < rows; ++r) {
        present(h + r * h_stride_, v_.weights.recurrent, scratch_.h_bytes + r * h_stride_, &scratch_.h[0][r]);
      }
    }
    StepView view = {v_.weights.recurrent,
                     hidden_blocks_,
                     current_ == 1,
                     rows,
                     h_rows,
                     input_part,
                     input_stride_,
                     h,
                     h_next,
                     h_stride_,
                     crew_.c,
                     c_stride_};
    if (projected) {
      view.h_next = crew_.hidden;
      view.h_stride = c_stride_;
    }
    if (by_block_) {
      step_by_block(view);
    } else {
      kernels_.step(v_.cell, view);
    }
    if (projected) project_hidden(rows, h_next);
  }

  // Computes the input part and the step of one block of units after another, so that the input part of a
  // block stays in the first-level cache.
  void step_by_block(StepView view) const {
    const BlockRange all = view.blocks;
    view.input = scratch_.input_part;
    view.input_stride = gates_ * kBlockUnits;
    for (int i = 0; i < all.last - all.first; ++i) {
      const int block = view.descending ? all.last - 1 - i : all.first + i;
      view.blocks = {block, block + 1};
      kernels_.project(gates_, {v_.weights.input, view.blocks, view.rows, scratch_.x, scratch_.input_part,
                                view.input_stride});
      kernels_.step(v_.cell, view);
    }
  }

  void project_hidden(int rows, float* h_next) {
    share_.barrier->wait(share_.members);
    for (int r = 0; r < rows; ++r) {
      present(crew_.hidden + r * c_stride_, v_.weights.projection, scratch_.hidden_bytes + r * c_stride_,
              &scratch_.hidden[r]);
    }
    kernels_.project(1, {v_.weights.projection, output_blocks_, rows, scratch_.hidden,
                         h_next + output_blocks_.first * kBlockUnits, h_stride_});
  }

  // Writes this thread's units of the step's output, and the final state of the rows whose sequence ends
  // here.
  void write_outputs(const Cursor& cursor, int rows, int stay) {
    const float* h_next = crew_.h[current_ ^ 1];
    for (int r = 0; r < rows; ++r) {
      const int row = share_.first_row + r;
      copy_units(h_next + r * h_stride_, v_.output.at(cursor.t, cursor.rows_before, row), output_blocks_,
                 v_.output_size);
      if (r >= stay) {
        copy_units(h_next + r * h_stride_, v_.h_n + static_cast<int64_t>(row) * v_.output_size,
                   output_blocks_, v_.output_size);
      }
    }
  }

  const PrecisionKernels& kernels_;
  void (*const quantize_row_)(const float*, int, const float*, uint8_t*, Row*) noexcept;
  const DirectionView& v_;
  Share share_;
  const CrewScratch& crew_;
  const MemberScratch& scratch_;
  const int gates_;
  const int rows_;
  const int64_t h_stride_;
  const int64_t c_stride_;
  BlockRange hidden_blocks_{};
  BlockRange output_blocks_{};
  int64_t input_stride_ = 0;
  int current_ = 0;
  bool by_block_ = false;  // for the current chunk
};

}  // namespace

bool run_direction(const KernelTable& kernels, const DirectionView& view, const Share& share,
                   const CrewScratch& crew, const MemberScratch& scratch) noexcept {
  return DirectionRun(kernels, view, share, crew, scratch).run();
}

}  // namespace zoo::engine
