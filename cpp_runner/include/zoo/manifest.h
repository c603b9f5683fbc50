// What an artifact says about itself: the record extra/zoo_manifest.json of a model.pt, as plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "zoo/export.h"
#include "zoo/tensor.h"

namespace zoo {

// A dimension is either fixed or named ("batch", "seq_len").
struct Dim {
  std::int64_t size = -1;  // -1 where the dimension is named
  std::string name;
  [[nodiscard]] bool fixed() const { return name.empty(); }
};

struct TokenRange {
  std::int64_t low = 0;
  std::int64_t high = 0;  // inclusive
};

struct TensorSpec {
  std::string name;
  DType dtype = DType::float32;
  std::vector<Dim> dims;
  bool optional = false;
  std::optional<TokenRange> range;
  std::int64_t min_steps = 1;  // the fewest that the model takes
};

// The position of the dimension called `name`; nothing where there is none.
ZOO_API std::optional<std::size_t> axis_of(const TensorSpec& spec, std::string_view name);
// "batch x seq_len x 12"
ZOO_API std::string dims_text(const TensorSpec& spec);
// The shape of a tensor whose named dimensions have the sizes that `size_of` gives.
ZOO_API Shape shape_of(const TensorSpec& spec,
                       const std::function<std::int64_t(const std::string& name)>& size_of);

// How far each feature of an output or state (an index of its last dimension, where that has a fixed size)
// may be off and how much it moves; a file of before has none of it, and a list that is missing is empty.
struct FeatureSizes {
  std::vector<double> rounding;   // a cap for |a - b|
  std::vector<double> range;      // maximum - minimum
  std::vector<double> deviation;  // standard
};

// |a - b| <= max(atol, of_range * (largest b - smallest b)) + rtol * |b|. Besides, where they are above 0,
// |a - b| <= of_rounding * FeatureSizes::rounding and |a - b| <= of_feature_range * FeatureSizes::range.
struct Tolerance {
  double atol = 0;
  double rtol = 0;
  double of_range = 0;
  double of_rounding = 0;
  double of_feature_range = 0;
  std::map<std::string, double> atol_of;  // by name: outputs and states with an atol of their own

  [[nodiscard]] double atol_for(const std::string& name) const {
    const auto own = atol_of.find(name);
    return own == atol_of.end() ? atol : own->second;
  }
};

struct Tolerances {
  Tolerance replay;                // for the same call
  Tolerance stream;                // for chunks, compared with the whole
  Tolerance batch;                 // for a row in a batch, compared with the row alone
  std::optional<Tolerance> cudnn;  // for the same call on CUDA with cuDNN's layers, which are less exact
};

// How far a cheaper precision may move results: the largest difference over the range (maximum - minimum),
// and the root mean square difference over the standard deviation. Of whole numbers `rms_of_std` is the share
// that may change. Each feature may take `of_feature` times both, by its own sizes; 0 is no limit.
struct ErrorLimit {
  double max_of_range = 0;
  double rms_of_std = 0;
  double of_feature = 0;
};

using Criterion = std::variant<Tolerance, ErrorLimit>;

// What holds for the fused engine, which adds in another order than LibTorch and may have cheaper weights.
struct PrecisionLimits {
  Criterion whole;  // for whole sequences, compared with the golden samples
  // For regrouped sums (chunks and other batches), compared with the engine's own whole sequences. Where it
  // is absent, `whole` holds for them too.
  std::optional<Tolerance> regrouped;
};

struct Quantization {
  std::string recipe;
  std::string backend;  // of LibTorch's quantized operators; empty where none is needed
};

// A stored call; all but its own name are names of records below extra/.
struct GoldenSample {
  std::string name;
  std::string input;
  std::optional<std::string> lengths;
  std::string output;
  std::vector<std::string> state;
};

// The names of scores: of the last dimension of the first output.
struct Labels {
  std::vector<std::string> names;  // empty where nobody said them
  bool exclusive = false;          // a row of scores is for one of them, that of the largest
};

// What a trained model says of itself, in words; a field that the file lacks is empty.
struct About {
  std::string purpose;
  std::string not_for;
  std::string input;   // what a step of the input is, and its unit
  std::string output;  // the same of the output
};

struct Manifest {
  std::int64_t format_version = 0;
  std::string package;
  std::string package_version;
  std::string torch_version;
  std::string model_name;
  About about;
  DType dtype = DType::float32;
  std::optional<Quantization> quantization;
  bool batch_first = true;
  bool streamable = false;
  std::string why_not_streamable;  // how chunks differ from the whole; empty where that is not why
  bool rows_independent = true;    // a row gives the same alone and in a batch
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::vector<TensorSpec> state;
  Labels labels;
  std::optional<std::int64_t> look_back;              // steps of an input in training, of a forecaster
  std::optional<std::int64_t> sample_rate;            // of an input of raw sound, Hz
  std::map<std::string, FeatureSizes> features;       // by name of an output or state
  std::map<std::string, Tolerances> tolerances;       // by kind of device: "cpu", "cuda"
  std::map<std::string, PrecisionLimits> precisions;  // by name: "fp32", "bf16", "int8"
  std::string weights_sha256;
  std::vector<GoldenSample> golden;
  std::string json;  // the record as it stands in the file
};

// Throws Error(bad_data) naming the field that is missing or of the wrong type.
ZOO_API Manifest parse_manifest(std::string_view json);

}  // namespace zoo
