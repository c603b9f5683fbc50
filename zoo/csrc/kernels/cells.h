#pragma once

// The equations of the cells, for one row and one vector of units whose gates are in registers. An equation
// is a chain of latencies, cut in two: begin() returns what finish() needs, so that the first half of one
// chain can run beside the second half of the chain before it.

#include "kernels/gate_functions.h"
#include "kernels/tile.h"

namespace zoo::engine::ZOO_ISA {

// The input part of a gate, [row][block of the range][gate][16].
template <int GATES>
inline Floats input_part(const StepView& s, int row, int vector, int gate) {
  const int within = vector - s.blocks.first * kVectorsPerBlock;
  return load(s.input + row * s.input_stride + gate_offset<GATES>(within, gate));
}

struct LstmCell {
  static constexpr int kGates = spec(Cell::lstm).num_gates;  // i f g o
  const StepView& s;

  Floats base(int row, int vector, int gate) const { return input_part<kGates>(s, row, vector, gate); }

  struct Half {
    Fraction o;
    Floats c;
  };

  // c' = f * c + i * g
  [[gnu::always_inline]] Half begin(int row, int vector, const Floats (&gates)[kGates]) const {
    float* c = s.c + row * s.c_stride + static_cast<int64_t>(vector) * kLanes;
    const Fraction i = sigmoid(gates[0]), f = sigmoid(gates[1]), g = tanh(gates[2]), o = sigmoid(gates[3]);
    const Floats c_next = mul_add(value(f), load(c), product(i, g));
    store(c, c_next);
    return {o, c_next};
  }

  // h' = o * tanh(c')
  [[gnu::always_inline]] void finish(int row, int vector, const Half& half) const {
    const Floats h = product(half.o, tanh(half.c));
    store(s.h_next + row * s.h_stride + static_cast<int64_t>(vector) * kLanes, h);
  }
};

struct GruCell {
  static constexpr int kGates = spec(Cell::gru).num_gates;  // r z n
  const StepView& s;

  struct Half {
    Fraction z;
    Floats n;  // before its tanh
  };

  // The reset gate multiplies the recurrent part of n only, with its bias; the input part is added in
  // begin().
  Floats base(int row, int vector, int gate) const {
    if (gate == 2) return load(s.recurrent.bias + gate_offset<kGates>(vector, gate));
    return input_part<kGates>(s, row, vector, gate);
  }

  // n = tanh(W x + r * (U h + b))
  [[gnu::always_inline]] Half begin(int row, int vector, const Floats (&gates)[kGates]) const {
    const Floats r = value(sigmoid(gates[0]));
    return {sigmoid(gates[1]), mul_add(r, gates[2], input_part<kGates>(s, row, vector, 2))};
  }

  // h' = (1 - z) * n + z * h
  [[gnu::always_inline]] void finish(int row, int vector, const Half& half) const {
    const int64_t unit = static_cast<int64_t>(vector) * kLanes;
    const Fraction z = half.z, n = tanh(half.n);
    const Floats h = load(s.h_previous + row * s.h_stride + unit);
    // Over the common denominator of n and z.
    const Floats top = mul_add(n.top, sub(z.bottom, z.top), mul(mul(z.top, n.bottom), h));
    store(s.h_next + row * s.h_stride + unit, div(top, mul(z.bottom, n.bottom)));
  }
};

template <bool RELU>
struct RnnCell {
  static constexpr int kGates = spec(RELU ? Cell::rnn_relu : Cell::rnn_tanh).num_gates;
  const StepView& s;

  Floats base(int row, int vector, int gate) const { return input_part<kGates>(s, row, vector, gate); }

  using Half = Floats;

  [[gnu::always_inline]] Half begin(int, int, const Floats (&gates)[kGates]) const { return gates[0]; }

  [[gnu::always_inline]] void finish(int row, int vector, const Half& gate) const {
    const Floats h = RELU ? max(broadcast(0.0f), gate) : refined_tanh(gate);
    store(s.h_next + row * s.h_stride + static_cast<int64_t>(vector) * kLanes, h);
  }
};

// No cell: the product of a matrix and rows plus the bias is stored as it is.
template <int GATES>
struct Store {
  static constexpr int kGates = GATES;
  const ProjectView& p;

  Floats base(int, int vector, int gate) const {
    return load(p.matrix.bias + gate_offset<GATES>(vector, gate));
  }

  [[gnu::always_inline]] void keep(int row, int vector, int gate, Floats sum) const {
    const int within = vector - p.blocks.first * kVectorsPerBlock;
    store(p.out + row * p.out_stride + gate_offset<GATES>(within, gate), sum);
  }
};

}  // namespace zoo::engine::ZOO_ISA
