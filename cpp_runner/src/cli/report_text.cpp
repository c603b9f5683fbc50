#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/message.h"
#include "cli/report.h"
#include "core/roles.h"

namespace zoo::cli {
namespace {

constexpr std::size_t kShown = 6;

// Columns are as wide as their widest entry, two spaces apart.
std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += line + '\n';
  }
  return text;
}

std::string values_text(const Tensor& tensor) {
  std::vector<std::string> parts;
  for (const double value : first_values(tensor, kShown)) parts.push_back(number_text(value));
  if (static_cast<std::size_t>(tensor.size()) > kShown) parts.emplace_back("...");
  return join(parts, " ");
}

// "label: three (0.998)"; below the table, whose lines are what they are for other models.
std::string labels_text(const RunReport& report) {
  if (report.labels.empty()) return "";
  std::vector<std::string> parts;
  for (const BestLabel& best : shown_labels(report, kShown)) {
    parts.push_back(best.name + " (" + number_text(std::round(best.probability * 1000) / 1000) + ")");
  }
  const std::size_t rows = report.labels.size();
  if (rows > parts.size()) parts.emplace_back("...");
  return (rows > 1 ? "labels: " : "label: ") + join(parts) + "\n";
}

void add_tensors(const std::vector<NamedTensor>& tensors, const std::vector<std::filesystem::path>& paths,
                 const std::string& prefix, std::vector<std::vector<std::string>>& rows) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i].tensor;
    rows.push_back({prefix + tensors[i].name, std::string(dtype_name(tensor.dtype())),
                    shape_text(tensor.shape()), paths.empty() ? values_text(tensor) : paths[i].native()});
  }
}

std::string specs_text(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> parts;
  for (const TensorSpec& spec : specs) {
    std::string part = spec.name + " " + std::string(dtype_name(spec.dtype)) + " (" + dims_text(spec) + ")";
    if (spec.range)
      part += " in " + std::to_string(spec.range->low) + ".." + std::to_string(spec.range->high);
    if (spec.min_steps > 1) part += " of at least " + std::to_string(spec.min_steps) + " steps";
    if (spec.optional) part += " optional";
    parts.push_back(part);
  }
  return parts.empty() ? "none" : join(parts);
}

void add_acceleration(const Acceleration& acceleration, std::vector<std::vector<std::string>>& rows) {
  const std::string isa = acceleration.isa.empty() ? "" : ", " + acceleration.isa;
  rows.push_back({"fused layers", acceleration_text(acceleration) + isa});
  if (!acceleration.operators.empty()) rows.push_back({"fused operators", operators_text(acceleration)});
  if (!acceleration.refusal.empty()) rows.push_back({"not fused", acceleration.refusal});
  for (const LeftOperator& left : acceleration.left) {
    rows.push_back({"left", std::to_string(left.calls) + " of " + left.op + ": " + left.reason});
  }
}

// The recipes of the engine need no backend of LibTorch.
std::string quantization_text(const Quantization& quantization) {
  const std::string& backend = quantization.backend;
  return quantization.recipe + (backend.empty() ? "" : ", backend " + backend);
}

void add_words(const char* label, const std::string& words, std::vector<std::vector<std::string>>& rows) {
  if (!words.empty()) rows.push_back({label, words});
}

void add_training_mode(const TrainingMode& training, std::vector<std::vector<std::string>>& rows) {
  if (training.saved_whole)
    rows.push_back({"training mode", "the file was saved in it; it runs in eval mode"});
  if (!training.submodules.empty()) {
    rows.push_back({"training mode", "kept in " + join(training.submodules)});
  }
  if (!training.operators.empty()) {
    rows.push_back({"training mode", join(training.operators) + ", whatever the mode"});
  }
}

std::string microseconds(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), value < 100 ? "%.2f" : "%.0f", value);
  return buffer.data();
}

}  // namespace

std::string run_text(const RunReport& report) {
  std::vector<std::vector<std::string>> rows;
  add_tensors(report.outputs, report.output_paths, "", rows);
  if (!report.state_paths.empty()) add_tensors(report.state, report.state_paths, "state ", rows);
  return table_text(rows) + labels_text(report);
}

std::string info_text(const ModelFile& file, const Model& model) {
  std::vector<std::vector<std::string>> rows{{"file", file.path().native()},
                                             {"size", std::to_string(file.bytes().size()) + " bytes"},
                                             {"sha256", file.sha256()}};
  if (!file.manifest()) {
    rows.push_back({"kind", "TorchScript without a manifest"});
    for (const std::string& method : model.method_schemas()) rows.push_back({"method", method});
    for (const auto& [method, roles] : file.roles())
      rows.push_back({"stream of " + method, roles_text(roles)});
    add_training_mode(model.training_mode(), rows);
    add_acceleration(model.acceleration(), rows);
    return table_text(rows);
  }
  const Manifest& manifest = *file.manifest();
  const auto& quantization = manifest.quantization;
  rows.push_back({"kind", "artifact, format version " + std::to_string(manifest.format_version)});
  rows.push_back({"model", manifest.model_name});
  add_words("purpose", manifest.about.purpose, rows);
  add_words("not for", manifest.about.not_for, rows);
  rows.push_back(
      {"made by", manifest.package + " " + manifest.package_version + ", torch " + manifest.torch_version});
  rows.push_back({"quantization", quantization ? quantization_text(*quantization) : "none"});
  rows.push_back({"streamable", manifest.streamable ? "yes" : "no"});
  if (!manifest.rows_independent) rows.push_back({"rows", "see each other: a batch is run as a whole"});
  rows.push_back({"inputs", specs_text(manifest.inputs)});
  add_words("input is", manifest.about.input, rows);
  if (manifest.look_back) {
    rows.push_back({"look-back", std::to_string(*manifest.look_back) + " steps, as in training"});
  }
  if (manifest.sample_rate) {
    rows.push_back({"sample rate", std::to_string(*manifest.sample_rate) + " Hz; takes WAV files"});
  }
  rows.push_back({"outputs", specs_text(manifest.outputs)});
  add_words("output is", manifest.about.output, rows);
  add_words("labels", join(manifest.labels.names), rows);
  rows.push_back({"state", specs_text(manifest.state)});
  rows.push_back({"golden samples", std::to_string(manifest.golden.size())});
  add_training_mode(model.training_mode(), rows);
  add_acceleration(model.acceleration(), rows);
  return table_text(rows);
}

// Where each tensor has a tolerance of its own, only the output's is shown; --json gives them all.
std::string tolerance_text(const Check& check) {
  const Tolerance& tolerance = check.tolerance;
  if (check.limit) {
    return number_text(100 * check.limit->max_of_range) + "% of range, rms " +
           number_text(100 * check.limit->rms_of_std) + "% of std";
  }
  if (!tolerance.atol_of.empty()) return number_text(tolerance.atol_for("output")) + " of output";
  const std::string share = tolerance.of_range > 0 ? " or of range" : "";
  return number_text(tolerance.atol) + share + " + " + number_text(tolerance.rtol) + "|b|";
}

std::string verify_text(const std::vector<Check>& checks) {
  std::vector<std::vector<std::string>> rows{{"check", "worst |a-b|", "tolerance", "of it", ""}};
  for (const Check& check : checks) {
    rows.push_back({check.name, number_text(check.worst_difference), tolerance_text(check),
                    number_text(check.worst_ratio), check.passed ? "ok" : "FAIL"});
    if (!check.detail.empty()) rows.back().back() += ": " + check.detail;
  }
  const auto failed = std::ranges::count(checks, false, &Check::passed);
  return table_text(rows) +
         (failed == 0 ? "all " + std::to_string(checks.size()) + " checks passed\n"
                      : std::to_string(failed) + " of " + std::to_string(checks.size()) + " checks failed\n");
}

std::string benchmark_text(const std::vector<BenchmarkRecord>& records) {
  std::vector<std::vector<std::string>> rows{
      {"microseconds", "batch", "steps", "p50", "p90", "p99", "mean", "std", "first", "calls", "steps/s"}};
  for (const BenchmarkRecord& record : records) {
    rows.push_back({record.name, std::to_string(record.batch), std::to_string(record.seq_len),
                    microseconds(record.p50_us), microseconds(record.p90_us), microseconds(record.p99_us),
                    microseconds(record.mean_us), microseconds(record.std_us), microseconds(record.first_us),
                    std::to_string(record.iterations), microseconds(record.steps_per_second)});
  }
  return table_text(rows);
}

}  // namespace zoo::cli
