// Small arrays of a layer in the net's planned memory: asked for in plan(), there after bind().
#pragma once

#include <cstddef>
#include <string>

#include "nn/layer.h"

namespace intrain {

template <class T>
class PlannedArray {
 public:
  // Live all the time; in this layer's forward pass; in its backward pass.
  void lasting(LayerPlan& plan, const std::string& name, size_t size) { set(plan.lasting_buffer(name, size * sizeof(T)), size); }
  void forward(LayerPlan& plan, const std::string& name, size_t size) { set(plan.forward_buffer(name, size * sizeof(T)), size); }
  void backward(LayerPlan& plan, const std::string& name, size_t size) {
    set(plan.backward_buffer(name, size * sizeof(T)), size);
  }
  void bind(const MemoryPlan& plan, uint8_t* memory) { data_ = reinterpret_cast<T*>(plan.address(memory, buffer_)); }

  // Null and empty before bind(), and where nothing was asked for.
  T* data() const { return data_; }
  size_t size() const { return data_ != nullptr ? size_ : 0; }
  T& operator[](size_t i) const { return data_[i]; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size(); }

 private:
  void set(int buffer, size_t size) {
    buffer_ = buffer;
    size_ = size;
  }

  int buffer_ = -1;
  size_t size_ = 0;
  T* data_ = nullptr;
};

}  // namespace intrain
