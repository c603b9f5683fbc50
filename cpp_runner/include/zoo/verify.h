// Replaying an artifact's golden samples: the proof that these are the numbers Python had.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zoo/export.h"
#include "zoo/model.h"

namespace zoo {

struct Check {
  std::string name;
  double worst_difference = 0;  // largest |a - b|; infinite where a NaN or a wrong shape was met
  double worst_ratio = 0;       // of what is allowed: at most 1 in a passed check
  Tolerance tolerance;
  std::optional<ErrorLimit> limit;  // in the place of the tolerance
  bool passed = false;
  std::string detail;  // the reason, where no numbers could be compared
};

// Each golden sample whole, in chunks of 1, 7 and 16 steps (where streamable), each row alone without its
// padding, and the batch stacked twice. Where the fused engine runs, whole sequences are held against the
// golden samples by the precision's limit, and the rest against its own whole sequences. Throws
// Error(bad_data) where there are no golden samples.
ZOO_API std::vector<Check> verify(const ModelFile& file, const Model& model);

}  // namespace zoo
