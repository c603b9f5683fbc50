#include "engine/scratch.h"

#include <algorithm>

namespace zoo::engine {
namespace {

// The input part of a chunk should stay in the second-level cache until the steps use it. A chunk should also
// be long, because the input matrix is read once for each.
constexpr int64_t kChunkBytes = 384 << 10;
constexpr int64_t kSmallestChunk = 48;

}  // namespace

CrewScratch take_crew_scratch(const StackSizes& s, int rows, Arena& arena) noexcept {
  const int64_t h = rows * round_up(s.output_size(), kBlockUnits);
  const int64_t c = rows * round_up(s.hidden_size, kBlockUnits);
  CrewScratch scratch = {};
  for (float*& buffer : scratch.h) buffer = arena.take<float>(h);
  if (s.has_c()) scratch.c = arena.take<float>(c);
  if (s.proj_size > 0) scratch.hidden = arena.take<float>(c);
  return scratch;
}

MemberScratch take_member_scratch(const StackSizes& s, int rows, int64_t total_rows, Arena& arena) noexcept {
  const int64_t floats = static_cast<int64_t>(s.hidden_blocks()) * kBlockUnits * s.gates();
  const int64_t wanted = std::max<int64_t>(kSmallestChunk, kChunkBytes / (floats * 4));
  MemberScratch scratch = {};
  scratch.chunk_rows = static_cast<int>(std::max<int64_t>(rows, std::min(wanted, total_rows)));
  scratch.input_part = arena.take<float>(scratch.chunk_rows * floats);
  scratch.x = arena.take<Row>(scratch.chunk_rows);
  for (Row*& h : scratch.h) h = arena.take<Row>(rows);
  if (s.proj_size > 0) scratch.hidden = arena.take<Row>(rows);
  if (s.precision == Precision::int8) {
    const int64_t columns = std::max(s.layer_input_size(0), s.layer_input_size(1));
    scratch.x_bytes = arena.take<uint8_t>(scratch.chunk_rows * round_up(columns, 4));
    scratch.h_bytes = arena.take<uint8_t>(rows * round_up(s.output_size(), kBlockUnits));
    if (s.proj_size > 0)
      scratch.hidden_bytes = arena.take<uint8_t>(rows * round_up(s.hidden_size, kBlockUnits));
  }
  return scratch;
}

}  // namespace zoo::engine
