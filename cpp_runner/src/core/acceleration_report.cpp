#include <nlohmann/json.hpp>

#include "base/message.h"
#include "zoo/acceleration.h"
#include "zoo/options.h"

namespace zoo {
namespace {

std::string stack_text(const FusedStack& stack) {
  std::string text = std::to_string(stack.num_layers) + " of " + stack.cell + " " +
                     std::string(precision_name(stack.precision)) + " (" + std::to_string(stack.input_size) +
                     " -> " + std::to_string(stack.hidden_size);
  if (stack.proj_size > 0) text += " -> " + std::to_string(stack.proj_size);
  return text + (stack.num_directions == 2 ? ", both directions)" : ")");
}

std::string operator_text(const FusedOperator& fused) {
  const std::string channels = fused.channels > 1 ? " x " + std::to_string(fused.channels) : "";
  return fused.op + " (" + std::to_string(fused.size) + channels + " -> " + std::to_string(fused.outputs) +
         ")";
}

}  // namespace

std::string acceleration_text(const Acceleration& acceleration) {
  std::vector<std::string> parts;
  for (const FusedStack& stack : acceleration.fused) parts.push_back(stack_text(stack));
  return parts.empty() ? "none" : join(parts);
}

std::string operators_text(const Acceleration& acceleration) {
  std::vector<std::string> parts;
  for (const FusedOperator& fused : acceleration.operators) parts.push_back(operator_text(fused));
  return parts.empty() ? "none" : join(parts);
}

std::string acceleration_json(const Acceleration& acceleration) {
  using Json = nlohmann::ordered_json;
  Json fused = Json::array();
  for (const FusedStack& stack : acceleration.fused) {
    fused.push_back({{"cell", stack.cell},
                     {"precision", precision_name(stack.precision)},
                     {"origin", stack.origin},
                     {"num_layers", stack.num_layers},
                     {"num_directions", stack.num_directions},
                     {"input_size", stack.input_size},
                     {"hidden_size", stack.hidden_size},
                     {"proj_size", stack.proj_size},
                     {"calls", stack.calls}});
  }
  Json operators = Json::array();
  for (const FusedOperator& one : acceleration.operators) {
    operators.push_back({{"op", one.op},
                         {"size", one.size},
                         {"step", one.step},
                         {"channels", one.channels},
                         {"outputs", one.outputs},
                         {"calls", one.calls}});
  }
  Json left = Json::array();
  for (const LeftOperator& one : acceleration.left) {
    left.push_back({{"op", one.op}, {"reason", one.reason}, {"calls", one.calls}});
  }
  const Json json{{"isa", acceleration.isa},
                  {"fused_layers", acceleration.fused_layers()},
                  {"fused", fused},
                  {"operators", operators},
                  {"left", left},
                  {"refusal", acceleration.refusal},
                  {"check_failed", acceleration.check_failed}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace zoo
