#include "precision.h"

namespace zoo {

std::string_view precision_name(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      break;
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
  }
  return "fp32";
}

std::optional<Precision> find_precision(std::string_view name) {
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    if (precision_name(precision) == name) return precision;
  }
  return std::nullopt;
}

}  // namespace zoo
