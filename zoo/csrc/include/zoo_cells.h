// The table of cells: what has to be known of a cell besides its equation, which is in kernels/cells.h. The
// engine and the pass of cpp_runner read it; zoo/config/cells.py is its counterpart in Python, and a test
// compares them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace zoo::engine {

// Packed weights hold these numbers, so a new cell takes the next one.
enum class Cell : std::int32_t { lstm, gru, rnn_tanh, rnn_relu };

struct CellSpec {
  Cell cell;
  std::string_view name;          // LibTorch's operators are aten::NAME and aten::NAME_cell
  std::string_view op;            // ours are zoo::OP, zoo::OP_packed_sequence, zoo::OP_cell and zoo::pack_OP
  std::string_view nonlinearity;  // tells the cells of one operator apart; empty where there is only one
  int num_gates;
  bool has_c;     // a cell state besides the hidden state
  bool projects;  // may multiply its hidden state by one more matrix
  // The gate whose recurrent part is scaled before it is added to the input part: its two biases stay apart.
  // The two biases of every other gate are packed as one sum. -1: no gate.
  int gate_with_two_biases;
};

inline constexpr CellSpec kCells[] = {
    {Cell::lstm, "lstm", "lstm", "", 4, true, true, -1},
    {Cell::gru, "gru", "gru", "", 3, false, false, 2},
    {Cell::rnn_tanh, "rnn_tanh", "rnn", "tanh", 1, false, false, -1},
    {Cell::rnn_relu, "rnn_relu", "rnn", "relu", 1, false, false, -1},
};

constexpr bool is_cell(std::int32_t number) {
  return number >= 0 && static_cast<std::size_t>(number) < std::size(kCells);
}

constexpr const CellSpec& spec(Cell cell) { return kCells[static_cast<std::size_t>(cell)]; }

constexpr bool is_table_in_order() {
  for (std::size_t i = 0; i < std::size(kCells); ++i) {
    if (static_cast<std::size_t>(kCells[i].cell) != i) return false;
  }
  return true;
}
static_assert(is_table_in_order(), "a row of kCells stands at the number of its cell");

}  // namespace zoo::engine
