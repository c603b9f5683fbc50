// Replaying an artifact's golden samples: the proof that C++ gives the numbers of Python.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zoo/export.h"
#include "zoo/manifest.h"
#include "zoo/model.h"
#include "zoo/model_file.h"

namespace zoo {

struct Check {
  std::string name;
  double worst_difference = 0;  // the largest |a - b|; infinite for a NaN or a wrong shape
  double worst_ratio = 0;       // its share of what is allowed: at most 1 in a passed check
  Tolerance tolerance;
  std::optional<ErrorLimit> limit;  // replaces the tolerance where there is one
  bool passed = false;
  std::string detail;  // the reason, where no numbers could be compared
};

// Runs each golden sample whole, in chunks of 1, 7 and 16 steps (if the model is streamable), each row alone
// without its padding, and the batch stacked twice. Where the fused engine runs, whole sequences are compared
// with the golden samples within the precision's limit, and the other runs with the engine's own whole
// sequences; then all samples together show what the precision does to each feature of the output. Throws
// Error(bad_data) when the file has no golden samples. Where the manifest says that rows see each other, no
// row is run alone and no batch is stacked.
ZOO_API std::vector<Check> verify(const ModelFile& file, const Model& model);

// On CUDA, with cuDNN in use (zoo/process.h): each golden sample whole, within the manifest's tolerance for
// cuDNN.
ZOO_API std::vector<Check> verify_cudnn(const ModelFile& file, const Model& model);

}  // namespace zoo
