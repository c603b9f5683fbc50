#include "cli/report.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "base/numbers.h"
#include "zoo/process.h"
#include "zoo/version.h"

namespace zoo::cli {
namespace {

// IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of fraction.
double half_value(std::uint16_t bits) {
  const double sign = (bits & 0x8000U) != 0 ? -1 : 1;
  const int exponent = (bits >> 10) & 0x1F;
  const int fraction = bits & 0x3FF;
  if (exponent == 0x1F) {
    return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                         : sign * std::numeric_limits<double>::infinity();
  }
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 0x400, exponent - 25));
}

double value_at(const Tensor& tensor, std::size_t index) {
  const auto bytes = tensor.bytes();
  switch (tensor.dtype()) {
    case DType::float32:
      return static_cast<double>(tensor.values<float>()[index]);
    case DType::float64:
      return tensor.values<double>()[index];
    case DType::float16:
      return half_value(*read_little_endian<std::uint16_t>(bytes, 2 * index));
    case DType::bfloat16:
      return static_cast<double>(
          std::bit_cast<float>(std::uint32_t{*read_little_endian<std::uint16_t>(bytes, 2 * index)} << 16));
    case DType::int64:
      return static_cast<double>(tensor.values<std::int64_t>()[index]);
    case DType::int32:
      return tensor.values<std::int32_t>()[index];
    case DType::int16:
      return tensor.values<std::int16_t>()[index];
    case DType::int8:
      return tensor.values<std::int8_t>()[index];
    case DType::uint8:
    case DType::boolean:
      break;
  }
  return std::to_integer<int>(bytes[index]);
}

}  // namespace

Setting describe(const Options& options, const Model& model) {
  Setting setting;
  setting.model = options.model.native();
  setting.device = model.device();
  setting.torch = libtorch_version_text(libtorch_found());
  setting.engine = engine_name(model.engine());
  setting.precision = precision_name(options.load.precision);
  if (model.manifest() && model.manifest()->quantization) setting.quantized_backend = quantized_backend();
  setting.threads = threads();
  setting.acceleration = model.acceleration();
  return setting;
}

std::span<const BestLabel> shown_labels(const RunReport& report, std::size_t count) {
  const std::span all(report.labels);
  return report.every_label ? all : all.first(std::min(count, all.size()));
}

std::vector<double> first_values(const Tensor& tensor, std::size_t count) {
  std::vector<double> values(std::min(count, static_cast<std::size_t>(tensor.size())));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_at(tensor, i);
  return values;
}

}  // namespace zoo::cli
