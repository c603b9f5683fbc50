#include "engine/stack.h"

#include <algorithm>
#include <new>

namespace zoo::engine {
namespace {

// With less work than this a second thread costs more than it brings: multiply-adds of a whole call for each
// thread, and multiply-adds of one step for each thread of a crew, whose members wait for each other after
// every step.
constexpr double kWorkOfThread = 400e3;
constexpr double kStepWorkOfMember = 60e3;
// Rows that are enough to keep a thread busy by themselves, without sharing units.
constexpr int kRowsOfThread = 4;

double step_work(const StackSizes& s, int layer, double rows) {
  const double columns = s.layer_input_size(layer) + s.output_size();
  return rows * (columns * s.gates() + s.proj_size) * s.hidden_size;
}

double call_work(const StackView& view) {
  double work = 0;
  for (int layer = 0; layer < view.sizes.num_layers; ++layer) {
    work += step_work(view.sizes, layer, static_cast<double>(view.total_rows)) * view.sizes.num_directions;
  }
  return work;
}

// How the threads of a team divide a layer: first by direction, then by rows. A crew is the threads that have
// the same direction and rows; its members divide the units.
struct Division {
  int directions;  // 1: every crew runs all directions; 2: one direction each
  int row_shares;  // crews for each direction
  int members;     // threads of a crew
};

Division divide(const StackView& view, int threads, bool keep_step) {
  const StackSizes& s = view.sizes;
  const int directions = threads >= 2 ? s.num_directions : 1;
  const int each = threads / directions;
  const int row_shares = std::clamp(view.rows() / kRowsOfThread, 1, each);
  const int rows = static_cast<int>(divide_up(view.rows(), row_shares));
  const int worth = static_cast<int>(step_work(s, s.num_layers - 1, rows) / kStepWorkOfMember);
  const int members = keep_step ? std::clamp(std::min(each / row_shares, worth), 1, s.output_blocks()) : 1;
  return {directions, row_shares, members};
}

}  // namespace

int useful_threads(const StackView& view, int available, bool keep_step) noexcept {
  const int worth = static_cast<int>(std::min(call_work(view) / kWorkOfThread, 64.0));
  const Division d = divide(view, std::clamp(worth, 1, std::max(available, 1)), keep_step);
  return d.directions * d.row_shares * d.members;
}

size_t StackRun::scratch_bytes(const StackView& view, int threads) noexcept {
  Arena arena(nullptr);
  arena.take<Barrier>(threads);
  arena.take<CrewScratch>(threads);
  arena.take<MemberScratch>(threads);
  for (int i = 0; i < threads; ++i) {
    take_crew_scratch(view.sizes, view.rows(), arena);
    take_member_scratch(view.sizes, view.rows(), view.total_rows, arena);
  }
  return arena.used();
}

StackRun::StackRun(const KernelTable& kernels, const StackView& view, int threads, bool keep_step,
                   uint8_t* scratch) noexcept
    : kernels_(kernels), view_(view), threads_(threads), keep_step_(keep_step) {
  Arena arena(scratch);
  crew_barriers_ = arena.take<Barrier>(threads);
  crews_ = arena.take<CrewScratch>(threads);
  members_ = arena.take<MemberScratch>(threads);
  for (int i = 0; i < threads; ++i) {
    new (&crew_barriers_[i]) Barrier;
    new (&crews_[i]) CrewScratch(take_crew_scratch(view.sizes, view.rows(), arena));
    new (&members_[i]) MemberScratch(take_member_scratch(view.sizes, view.rows(), view.total_rows, arena));
  }
}

void StackRun::run(int64_t iterations) noexcept {
  const Muster::Place place = muster_.join(iterations, threads_);
  bool keep_step = keep_step_;
  for (int layer = 0; layer < view_.sizes.num_layers; ++layer) {
    run_layer(layer, place, keep_step);
    // The barrier's answer and not crowded_: all must divide the next layer in the same way, and a crew that
    // has already begun it may be changing crowded_.
    if (everyone_.wait(place.size, false)) keep_step = false;
  }
}

void StackRun::run_layer(int layer, Muster::Place place, bool keep_step) noexcept {
  const StackSizes& s = view_.sizes;
  const Division d = divide(view_, place.size, keep_step);
  const int crew = place.rank / d.members;
  if (crew >= d.directions * d.row_shares) return;  // more threads came than are useful
  const int row_share = crew % d.row_shares;
  const int batch = view_.steps.batch;
  const auto row_of = [&](int part) { return view_.first_row + view_.rows() * part / d.row_shares; };
  Share share = {row_of(row_share), row_of(row_share + 1), place.rank % d.members, d.members,
                 &crew_barriers_[crew]};

  // With one direction each chunk is read before it is overwritten, so that all layers share one buffer. With
  // two directions the layers alternate between two buffers, in such a way that the last layer writes
  // `output`.
  const bool alternate = s.num_directions == 2 && (s.num_layers - 1 - layer) % 2 == 1;
  const bool alternate_input = s.num_directions == 2 && !alternate;
  const Rows<float>& output = alternate ? view_.between : view_.output;
  const Rows<float>& before = alternate_input ? view_.between : view_.output;
  const Rows<const float> input =
      layer == 0 ? view_.input : Rows<const float>{before.data, before.step_stride, before.row_stride};

  for (int direction = crew / d.row_shares; direction < s.num_directions; direction += d.directions) {
    const int64_t index = static_cast<int64_t>(layer) * s.num_directions + direction;
    const int64_t h_offset = index * batch * s.output_size();
    const int64_t c_offset = index * batch * s.hidden_size;
    const DirectionView view = {
        s.cell,
        s.precision,
        s.hidden_size,
        s.output_size(),
        layer_view(s, layer, direction, view_.packed),
        direction == 1,
        view_.steps,
        input,
        {output.data + direction * s.output_size(), output.step_stride, output.row_stride},
        view_.h_0 + h_offset,
        s.has_c() ? view_.c_0 + c_offset : nullptr,
        view_.h_n + h_offset,
        s.has_c() ? view_.c_n + c_offset : nullptr,
    };
    if (run_direction(kernels_, view, share, crews_[crew], members_[place.rank])) {
      crowded_.store(true, std::memory_order_relaxed);
      everyone_.report_crowded();
      if (share.member != 0) return;
      share.members = 1;
    }
  }
}

}  // namespace zoo::engine
