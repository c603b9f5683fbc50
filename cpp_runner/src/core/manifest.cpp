#include "zoo/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/message.h"
#include "zoo/error.h"

namespace zoo {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kFormatVersion = 1;

[[noreturn]] void fail(const std::string& detail) {
  throw Error(Status::bad_data, "the model's manifest is not usable: " + detail);
}

// A JSON value that knows its place in the manifest, so that every message can name it.
class Node {
 public:
  Node(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  [[nodiscard]] Node at(const std::string& key) const {
    if (!json_.is_object()) fail(path_ + " is a " + json_.type_name() + ", expected an object");
    const auto found = json_.find(key);
    if (found == json_.end()) fail("field " + path_ + "." + key + " is missing");
    return {*found, path_ + "." + key};
  }

  // Absent and null mean the same.
  [[nodiscard]] std::optional<Node> find(const std::string& key) const {
    if (!json_.is_object() || !json_.contains(key) || json_[key].is_null()) return std::nullopt;
    return at(key);
  }

  [[nodiscard]] std::vector<Node> items() const {
    if (!json_.is_array()) fail(path_ + " is a " + json_.type_name() + ", expected an array");
    std::vector<Node> nodes;
    for (std::size_t i = 0; i < json_.size(); ++i)
      nodes.emplace_back(json_[i], path_ + "[" + std::to_string(i) + "]");
    return nodes;
  }

  [[nodiscard]] std::vector<std::pair<std::string, Node>> members() const {
    if (!json_.is_object()) fail(path_ + " is a " + json_.type_name() + ", expected an object");
    std::vector<std::pair<std::string, Node>> nodes;
    for (const auto& [key, value] : json_.items()) nodes.emplace_back(key, Node(value, path_ + "." + key));
    return nodes;
  }

  template <typename T>
  [[nodiscard]] T as() const {
    try {
      return json_.get<T>();
    } catch (const Json::exception&) {
      fail(path_ + " is " + shorten(json_.dump(), 40) + ", which has the wrong type");
    }
  }

  [[nodiscard]] bool is_string() const { return json_.is_string(); }
  [[nodiscard]] bool is_integer() const { return json_.is_number_integer(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const Json& json_;
  std::string path_;
};

DType parse_dtype(const Node& node) {
  const auto name = node.as<std::string>();
  const auto dtype = find_dtype(name);
  if (!dtype) fail(node.path() + " is " + quote(name) + ", expected a dtype such as float32 or int64");
  return *dtype;
}

Dim parse_dim(const Node& node) {
  if (node.is_string()) return {-1, node.as<std::string>()};
  if (!node.is_integer() || node.as<std::int64_t>() < 1) {
    fail(node.path() + " is neither a name nor a positive integer");
  }
  return {node.as<std::int64_t>(), {}};
}

TensorSpec parse_tensor(const Node& node) {
  TensorSpec spec;
  spec.name = node.at("name").as<std::string>();
  spec.dtype = parse_dtype(node.at("dtype"));
  for (const Node& dim : node.at("dims").items()) spec.dims.push_back(parse_dim(dim));
  if (const auto optional = node.find("optional")) spec.optional = optional->as<bool>();
  if (const auto steps = node.find("min_steps")) spec.min_steps = steps->as<std::int64_t>();
  if (const auto range = node.find("range")) {
    const auto bounds = range->as<std::vector<std::int64_t>>();
    if (bounds.size() != 2) fail(range->path() + " does not have two values");
    spec.range = TokenRange{bounds[0], bounds[1]};
  }
  return spec;
}

std::vector<TensorSpec> parse_tensors(const Node& node) {
  std::vector<TensorSpec> specs;
  for (const Node& item : node.items()) specs.push_back(parse_tensor(item));
  return specs;
}

Tolerance parse_tolerance(const Node& node) {
  Tolerance tolerance;
  tolerance.atol = node.at("atol").as<double>();
  tolerance.rtol = node.at("rtol").as<double>();
  if (const auto share = node.find("of_range")) tolerance.of_range = share->as<double>();
  if (const auto factor = node.find("of_rounding")) tolerance.of_rounding = factor->as<double>();
  if (const auto share = node.find("of_feature_range")) tolerance.of_feature_range = share->as<double>();
  if (const auto own = node.find("atol_of")) tolerance.atol_of = own->as<std::map<std::string, double>>();
  return tolerance;
}

std::map<std::string, Tolerances> parse_tolerances(const Node& node) {
  std::map<std::string, Tolerances> tolerances;
  for (const auto& [device, values] : node.members()) {
    tolerances[device] = {parse_tolerance(values.at("replay")), parse_tolerance(values.at("stream")),
                          parse_tolerance(values.at("batch")), std::nullopt};
    if (const auto cudnn = values.find("cudnn")) tolerances[device].cudnn = parse_tolerance(*cudnn);
  }
  return tolerances;
}

Criterion parse_criterion(const Node& node) {
  if (node.find("atol")) return parse_tolerance(node);
  ErrorLimit limit{node.at("max_of_range").as<double>(), node.at("rms_of_std").as<double>()};
  if (const auto factor = node.find("of_feature")) limit.of_feature = factor->as<double>();
  return limit;
}

std::map<std::string, PrecisionLimits> parse_precisions(const Node& node) {
  std::map<std::string, PrecisionLimits> precisions;
  for (const auto& [name, values] : node.members()) {
    PrecisionLimits& limits = precisions[name];
    limits.whole = parse_criterion(values.at("whole"));
    if (const auto regrouped = values.find("regrouped")) limits.regrouped = parse_tolerance(*regrouped);
  }
  return precisions;
}

std::map<std::string, FeatureSizes> parse_features(const Node& root) {
  std::map<std::string, FeatureSizes> features;
  const auto found = root.find("features");
  if (!found) return features;
  for (const auto& [name, values] : found->members()) {
    const auto list = [&](const char* key) {
      const auto numbers = values.find(key);
      return numbers ? numbers->as<std::vector<double>>() : std::vector<double>{};
    };
    features[name] = {list("rounding"), list("range"), list("deviation")};
  }
  return features;
}

GoldenSample parse_golden(const Node& node) {
  GoldenSample sample;
  sample.name = node.at("name").as<std::string>();
  sample.input = node.at("input").as<std::string>();
  if (const auto lengths = node.find("lengths")) sample.lengths = lengths->as<std::string>();
  sample.output = node.at("output").as<std::string>();
  sample.state = node.at("state").as<std::vector<std::string>>();
  return sample;
}

void check_tensors(const Manifest& manifest) {
  if (manifest.inputs.empty() || manifest.outputs.empty()) fail("it lists no inputs or no outputs");
  const TensorSpec& input = manifest.inputs.front();
  if (!axis_of(input, "batch") || !axis_of(input, "seq_len")) {
    fail("input " + quote(input.name) + " has dims " + dims_text(input) +
         ", expected batch and seq_len among them");
  }
  for (const TensorSpec& output : manifest.outputs) {
    if (!axis_of(output, "batch")) fail("output " + quote(output.name) + " has no dimension called batch");
  }
  for (const TensorSpec& state : manifest.state) {
    if (axis_of(state, "batch") != 1)
      fail("state " + quote(state.name) + " does not have the batch in dimension 1");
  }
  const auto& names = manifest.labels.names;
  if (!names.empty() &&
      manifest.outputs.front().dims.back().size != static_cast<std::int64_t>(names.size())) {
    fail("it has " + std::to_string(names.size()) + " labels for outputs " +
         dims_text(manifest.outputs.front()));
  }
}

// A dimension that is not fixed makes one feature of all.
void check_features(const Manifest& manifest) {
  const auto check = [&](const TensorSpec& spec) {
    const auto found = manifest.features.find(spec.name);
    if (found == manifest.features.end()) return;
    const std::size_t count =
        spec.dims.empty() || !spec.dims.back().fixed() ? 1 : static_cast<std::size_t>(spec.dims.back().size);
    for (const auto* list : {&found->second.rounding, &found->second.range, &found->second.deviation}) {
      if (list->empty() || list->size() == count) continue;
      fail("features of " + quote(spec.name) + " list " + std::to_string(list->size()) +
           " numbers, expected " + std::to_string(count));
    }
  };
  std::ranges::for_each(manifest.outputs, check);
  std::ranges::for_each(manifest.state, check);
}

About parse_about(const Node& root) {
  const auto training = root.find("training");
  const auto said = training ? training->find("about") : std::nullopt;
  if (!said) return {};
  const auto text = [&](const char* name) {
    const auto words = said->find(name);
    return words ? words->as<std::string>() : std::string();
  };
  return {text("purpose"), text("not_for"), text("input"), text("output")};
}

Labels parse_labels(const Node& root) {
  const auto labels = root.find("labels");
  if (!labels) return {};
  return {labels->at("names").as<std::vector<std::string>>(), labels->at("exclusive").as<bool>()};
}

// Of what the file says of its training.
std::optional<std::int64_t> parse_look_back(const Node& root) {
  const auto training = root.find("training");
  const auto task = training ? training->find("task") : std::nullopt;
  const auto options = task ? task->find("options") : std::nullopt;
  const auto steps = options ? options->find("look_back") : std::nullopt;
  return steps && steps->is_integer() ? std::optional(steps->as<std::int64_t>()) : std::nullopt;
}

Manifest parse_fields(const Node& root) {
  Manifest manifest;
  manifest.format_version = root.at("format_version").as<std::int64_t>();
  if (manifest.format_version != kFormatVersion) {
    fail("format_version is " + std::to_string(manifest.format_version) + ", this version reads " +
         std::to_string(kFormatVersion) + "; install the release of recurrent-zoo that wrote the file");
  }
  const Node producer = root.at("producer");
  manifest.package = producer.at("package").as<std::string>();
  manifest.package_version = producer.at("version").as<std::string>();
  manifest.torch_version = producer.at("torch").as<std::string>();
  manifest.model_name = root.at("model").at("name").as<std::string>();
  manifest.about = parse_about(root);
  manifest.dtype = parse_dtype(root.at("dtype"));
  if (const auto quantization = root.find("quantization")) {
    manifest.quantization = Quantization{quantization->at("recipe").as<std::string>(),
                                         quantization->at("engine").as<std::string>()};
  }
  manifest.batch_first = root.at("batch_first").as<bool>();
  manifest.streamable = root.at("streamable").as<bool>();
  if (const auto why = root.find("why_not_streamable")) manifest.why_not_streamable = why->as<std::string>();
  manifest.rows_independent = root.at("rows_independent").as<bool>();
  manifest.inputs = parse_tensors(root.at("inputs"));
  manifest.outputs = parse_tensors(root.at("outputs"));
  manifest.state = parse_tensors(root.at("state"));
  manifest.labels = parse_labels(root);
  manifest.look_back = parse_look_back(root);
  if (const auto rate = root.find("sample_rate")) manifest.sample_rate = rate->as<std::int64_t>();
  manifest.features = parse_features(root);
  manifest.tolerances = parse_tolerances(root.at("tolerances"));
  manifest.precisions = parse_precisions(root.at("precisions"));
  manifest.weights_sha256 = root.at("weights").at("sha256").as<std::string>();
  for (const Node& sample : root.at("golden").items()) manifest.golden.push_back(parse_golden(sample));
  check_tensors(manifest);
  check_features(manifest);
  return manifest;
}

}  // namespace

std::optional<std::size_t> axis_of(const TensorSpec& spec, std::string_view name) {
  for (std::size_t axis = 0; axis < spec.dims.size(); ++axis) {
    if (spec.dims[axis].name == name) return axis;
  }
  return std::nullopt;
}

std::string dims_text(const TensorSpec& spec) {
  std::vector<std::string> parts;
  for (const Dim& dim : spec.dims) parts.push_back(dim.fixed() ? std::to_string(dim.size) : dim.name);
  return join(parts, " x ");
}

Shape shape_of(const TensorSpec& spec, const std::function<std::int64_t(const std::string& name)>& size_of) {
  Shape shape;
  for (const Dim& dim : spec.dims) shape.push_back(dim.fixed() ? dim.size : size_of(dim.name));
  return shape;
}

Manifest parse_manifest(std::string_view json) {
  const Json root = Json::parse(json, nullptr, false);
  if (root.is_discarded()) fail("it is not valid JSON");
  Manifest manifest = parse_fields(Node(root, "manifest"));
  manifest.json = json;
  return manifest;
}

}  // namespace zoo
