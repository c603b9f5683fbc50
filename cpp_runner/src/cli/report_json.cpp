#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/report.h"

namespace zoo::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShown = 8;

// A path need not be UTF-8.
std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n'; }

Json tensors_json(const std::vector<NamedTensor>& tensors, const std::vector<std::filesystem::path>& paths) {
  Json list = Json::array();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i].tensor;
    Json entry{{"name", tensors[i].name},
               {"dtype", dtype_name(tensor.dtype())},
               {"shape", tensor.shape()},
               {"first", first_values(tensor, kShown)}};
    if (!paths.empty()) entry["path"] = paths[i].native();
    list.push_back(entry);
  }
  return list;
}

Json labels_json(const RunReport& report) {
  Json list = Json::array();
  for (const BestLabel& best : shown_labels(report, kShown)) {
    list.push_back({{"name", best.name}, {"probability", best.probability}});
  }
  return list;
}

Json engine_json(const Setting& setting) {
  return {{"name", setting.engine},
          {"precision", setting.precision},
          {"quantized", setting.quantized_backend ? Json(*setting.quantized_backend) : Json()},
          {"threads", setting.threads},
          {"acceleration", Json::parse(acceleration_json(setting.acceleration))}};
}

}  // namespace

std::string run_json(const RunReport& report) {
  Json outputs = tensors_json(report.outputs, report.output_paths);
  if (!report.labels.empty()) outputs.front()["labels"] = labels_json(report);
  return dump({{"model", report.setting.model},
               {"device", report.setting.device},
               {"torch", report.setting.torch},
               {"engine", engine_json(report.setting)},
               {"outputs", outputs},
               {"state", tensors_json(report.state, report.state_paths)},
               {"time", {{"load_ms", report.load_ms}, {"run_ms", report.run_ms}}}});
}

std::string info_json(const ModelFile& file, const Model& model) {
  const auto& manifest = file.manifest();
  return dump({{"path", file.path().native()},
               {"size", file.bytes().size()},
               {"sha256", file.sha256()},
               {"kind", manifest ? "artifact" : "torchscript"},
               {"manifest", manifest ? Json::parse(manifest->json) : Json()},
               {"methods", model.method_schemas()},
               {"training_mode",
                {{"saved_whole", model.training_mode().saved_whole},
                 {"submodules", model.training_mode().submodules},
                 {"operators", model.training_mode().operators}}},
               {"acceleration", Json::parse(acceleration_json(model.acceleration()))}});
}

std::string verify_json(const Setting& setting, const std::vector<Check>& checks) {
  Json list = Json::array();
  for (const Check& check : checks) {
    // JSON does not have infinity; null says that there was nothing to compare.
    list.push_back({{"name", check.name},
                    {"worst_difference", check.worst_difference},
                    {"worst_ratio", check.worst_ratio},
                    {"atol", check.limit ? Json() : Json(check.tolerance.atol)},
                    {"rtol", check.limit ? Json() : Json(check.tolerance.rtol)},
                    {"atol_of", check.tolerance.atol_of},
                    {"of_range", check.tolerance.of_range},
                    {"of_rounding", check.tolerance.of_rounding},
                    {"of_feature_range", check.tolerance.of_feature_range},
                    {"max_of_range", check.limit ? Json(check.limit->max_of_range) : Json()},
                    {"rms_of_std", check.limit ? Json(check.limit->rms_of_std) : Json()},
                    {"of_feature", check.limit ? Json(check.limit->of_feature) : Json()},
                    {"pass", check.passed},
                    {"detail", check.detail}});
  }
  return dump({{"model", setting.model},
               {"device", setting.device},
               {"torch", setting.torch},
               {"engine", engine_json(setting)},
               {"pass", std::ranges::all_of(checks, &Check::passed)},
               {"checks", list}});
}

std::string benchmark_json(const Setting& setting, const std::vector<BenchmarkRecord>& records) {
  Json list = Json::array();
  for (const BenchmarkRecord& record : records) {
    list.push_back({{"model", setting.model},
                    {"name", record.name},
                    {"batch", record.batch},
                    {"seq_len", record.seq_len},
                    {"threads", setting.threads},
                    {"device", setting.device},
                    {"engine", setting.engine},
                    {"precision", setting.precision},
                    {"torch", setting.torch},
                    {"iterations", record.iterations},
                    {"first_us", record.first_us},
                    {"p50_us", record.p50_us},
                    {"p90_us", record.p90_us},
                    {"p99_us", record.p99_us},
                    {"mean_us", record.mean_us},
                    {"std_us", record.std_us},
                    {"steps_per_second", record.steps_per_second}});
  }
  return dump(list);
}

}  // namespace zoo::cli
