#include "zoo/options.h"

namespace zoo {

std::string_view engine_name(Engine engine) {
  switch (engine) {
    case Engine::automatic:
      break;
    case Engine::fused:
      return "fused";
    case Engine::aten:
      return "aten";
  }
  return "auto";
}

std::optional<Engine> find_engine(std::string_view name) {
  for (const Engine engine : {Engine::automatic, Engine::fused, Engine::aten}) {
    if (engine_name(engine) == name) return engine;
  }
  return std::nullopt;
}

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
