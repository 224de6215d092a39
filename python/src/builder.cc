// A net layer by layer: the library's builder, which checks each layer at once, and beside it the same net as a net file. So a checkpoint holds
// all that any program needs to build the net again.
#include "nn/builder.h"

#include <nanobind/stl/string.h>

#include <memory>

#include "bindings.h"
#include "documented.h"
#include "errors.h"
#include "models/net_file.h"
#include "net.h"

namespace intrain::python {

namespace {

// What a layer of the caller's made. Where a stream is read it is its ReLU, where it is added to a stream its sum.
struct ValueObject {
  const void* builder;  // whose it is
  Value* read;
  Value* added;
  std::string name;  // in the net file
};

// A layer of the file under construction.
class Layer {
 public:
  Layer(const std::string& name, const char* type, const ValueObject& in)
      : text_("[[layer]]\nname = \"" + name + "\"\ntype = \"" + type + "\"\ninput = \"" + in.name + "\"\n") {}
  Layer& add(const char* key, int value, int otherwise) {
    if (value != otherwise) text_ += key + (" = " + std::to_string(value)) + "\n";
    return *this;
  }
  Layer& add(const char* key, const std::string& value) {
    text_ += key + (" = \"" + value) + "\"\n";
    return *this;
  }
  // `what` = false.
  Layer& without(const char* what) {
    text_ += std::string(what) + " = false\n";
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class BuilderObject {
 public:
  BuilderObject(int h, int w, int c, int classes, const std::string& name)
      : name_(name.ends_with(".toml") ? name : name + ".toml"),
        h_(h),
        w_(w),
        c_(c),
        classes_(classes),
        builder_(make(h, w, c, classes)) {}

  ValueObject input() { return {this, builder_->input(), builder_->input(), "input"}; }
  const std::string& toml() const { return toml_; }

  ValueObject conv(const char* activation, const ValueObject& in, const ConvSpec& spec, const ValueObject* shortcut) {
    check(in);
    if (shortcut != nullptr) check(*shortcut);
    const std::string kind = activation;
    Value* const add = shortcut == nullptr ? nullptr : shortcut->read;
    Layer layer = conv_layer("conv", in, spec);
    if (shortcut != nullptr) layer.add("add", shortcut->name);
    if (kind == "none")
      layer.without("relu");
    else if (kind == "bias")
      layer.without("batch_norm");
    else if (kind != "relu")
      layer.add("activation", kind);
    return made(layer, [&](NetBuilder& b) {
      if (kind == "none") return b.conv_bn(in.read, spec);
      if (kind == "bias") return b.conv_relu(in.read, spec);
      if (kind == "relu6") return b.conv_bn_relu6(in.read, spec, add);
      if (kind == "linear") return b.conv_bn_linear(in.read, spec, add);
      return add == nullptr ? b.conv_bn_relu(in.read, spec) : b.conv_bn_add_relu(in.read, spec, add);
    });
  }

  ValueObject stream(const ValueObject& in, const ConvSpec& spec, const ValueObject* shortcut) {
    check(in);
    if (shortcut != nullptr) check(*shortcut);
    Layer layer = conv_layer("stream", in, spec);
    if (shortcut != nullptr) layer.add("add", shortcut->name);
    Value* sum = nullptr;
    ValueObject value = made(layer, [&](NetBuilder& b) {
      const Stream both = b.conv_add_stream(in.read, spec, shortcut == nullptr ? nullptr : shortcut->added);
      sum = both.sum;
      return both.relu;
    });
    value.added = sum;
    return value;
  }

  ValueObject conv_stream(const ValueObject& in, const ConvSpec& spec) {
    check(in);
    return made(conv_layer("stream", in, spec).without("relu"), [&](NetBuilder& b) { return b.conv_stream(in.read, spec); });
  }

  ValueObject pad_shortcut(const ValueObject& in, int channels, int stride, int before) {
    check(in);
    Layer layer(next(), "shortcut", in);
    layer.add("channels", channels, -1).add("stride", stride, 1).add("before", before, -1);
    return made(layer, [&](NetBuilder& b) { return b.pad_shortcut(in.read, {channels, stride, before}); });
  }

  ValueObject max_pool(const ValueObject& in, int size, int stride, int pad) {
    check(in);
    if (stride == 0) stride = size;
    Layer layer(next(), "max_pool", in);
    layer.add("size", size, -1).add("stride", stride, size).add("pad", pad, 0);
    return made(layer, [&](NetBuilder& b) { return b.max_pool(in.read, size, stride, pad); });
  }

  ValueObject average_pool(const ValueObject& in) {
    check(in);
    return made(Layer(next(), "average_pool", in), [&](NetBuilder& b) { return b.global_average_pool(in.read); });
  }

  ValueObject linear(const ValueObject& in, int outputs) {
    check(in);
    return made(Layer(next(), "linear", in).add("channels", outputs, -1),
                [&](NetBuilder& b) { return b.linear_relu(in.read, outputs); });
  }

  NetObject finish(const ValueObject& in) {
    check(in);
    if (layers_ == 0 || in.name != last_name())
      throw KindError(
          Error("the logits read another layer than the last one", in.name, "give linear_logits what the last call returned"),
          Kind::kNet);
    NetObject net(name_, toml_, h_, w_, c_, classes_);
    errors_are(Kind::kNet, [&] { builder_->linear_logits(in.read); });
    builder_.reset();
    return net;
  }

 private:
  static std::unique_ptr<NetBuilder> make(int h, int w, int c, int classes) {
    return errors_are(Kind::kNet, [&] { return std::make_unique<NetBuilder>(h, w, c, classes); });
  }
  std::string last_name() const { return "layer" + std::to_string(layers_); }
  std::string next() const { return "layer" + std::to_string(layers_ + 1); }

  void check(const ValueObject& value) const {
    if (builder_ == nullptr) throw KindError(Error("the net is finished", name_, "make a NetBuilder for each net"), Kind::kNet);
    if (value.builder != this)
      throw KindError(Error("a value of another builder", value.name, "layers read what calls of their own builder returned"),
                      Kind::kNet);
  }

  Layer conv_layer(const char* type, const ValueObject& in, const ConvSpec& spec) const {
    Layer layer(next(), type, in);
    layer.add("channels", spec.k, -1).add("size", spec.size, -1).add("stride", spec.stride, 1);
    return layer.add("pad", spec.pad, 0).add("groups", spec.groups, 1).add("height", spec.height, 0);
  }

  // The layer of make(builder), which the file has from then on.
  template <class Make>
  ValueObject made(const Layer& layer, const Make& make) {
    Value* const value = errors_are(Kind::kNet, [&] { return make(*builder_); });
    toml_ += layer.text();
    ++layers_;
    return {this, value, value, last_name()};
  }

  const std::string name_;
  const int h_, w_, c_, classes_;
  std::unique_ptr<NetBuilder> builder_;  // null: finished
  std::string toml_;
  int layers_ = 0;
};

// A convolution's members come last, behind what differs from method to method.
template <class Bound>
void bind_convolutions(Bound& builder) {
  const auto plain = [&](const char* method, const char* activation) {
    builder.def(
        method,
        [activation](BuilderObject& b, const ValueObject& x, int k, int size, int stride, int pad, int groups, int height) {
          return b.conv(activation, x, {k, size, stride, pad, groups, height}, nullptr);
        },
        nb::arg("x"), nb::arg("k"), nb::arg("size"), nb::arg("stride") = 1, nb::arg("pad") = 0, nb::arg("groups") = 1,
        nb::arg("height") = 0, nb::keep_alive<0, 1>());
  };
  plain("conv_bn_relu", "relu");
  plain("conv_bn", "none");
  plain("conv_relu", "bias");
  const auto adding = [&](const char* method, const char* activation) {
    builder.def(
        method,
        [activation](BuilderObject& b, const ValueObject& x, int k, int size, const ValueObject* shortcut, int stride, int pad,
                     int groups, int height) {
          return b.conv(activation, x, {k, size, stride, pad, groups, height}, shortcut);
        },
        nb::arg("x"), nb::arg("k"), nb::arg("size"), nb::arg("shortcut") = nb::none(), nb::arg("stride") = 1, nb::arg("pad") = 0,
        nb::arg("groups") = 1, nb::arg("height") = 0, nb::keep_alive<0, 1>());
  };
  adding("conv_bn_relu6", "relu6");
  adding("conv_bn_linear", "linear");
  builder.def(
      "conv_bn_add_relu",
      [](BuilderObject& b, const ValueObject& x, int k, int size, const ValueObject& shortcut, int stride, int pad, int groups,
         int height) {
        return b.conv("relu", x, {k, size, stride, pad, groups, height}, &shortcut);
      },
      nb::arg("x"), nb::arg("k"), nb::arg("size"), nb::arg("shortcut"), nb::arg("stride") = 1, nb::arg("pad") = 0,
      nb::arg("groups") = 1, nb::arg("height") = 0, nb::keep_alive<0, 1>());
  builder.def(
      "conv_add_stream",
      [](BuilderObject& b, const ValueObject& x, int k, int size, const ValueObject* shortcut, int stride, int pad, int groups,
         int height) {
        return b.stream(x, {k, size, stride, pad, groups, height}, shortcut);
      },
      nb::arg("x"), nb::arg("k"), nb::arg("size"), nb::arg("shortcut") = nb::none(), nb::arg("stride") = 1, nb::arg("pad") = 0,
      nb::arg("groups") = 1, nb::arg("height") = 0, nb::keep_alive<0, 1>());
  builder.def(
      "conv_stream",
      [](BuilderObject& b, const ValueObject& x, int k, int size, int stride, int pad, int groups, int height) {
        return b.conv_stream(x, {k, size, stride, pad, groups, height});
      },
      nb::arg("x"), nb::arg("k"), nb::arg("size"), nb::arg("stride") = 1, nb::arg("pad") = 0, nb::arg("groups") = 1,
      nb::arg("height") = 0, nb::keep_alive<0, 1>());
}

}  // namespace

void bind_builder(nb::module_& m) {
  Class<ValueObject>(m, "Value").def_prop_ro("shape", [](const ValueObject& v) {
    return nb::make_tuple(v.read->h, v.read->w, v.read->c);
  });
  Class<BuilderObject> builder(m, "NetBuilder");
  builder
      .def(nb::init<int, int, int, int, const std::string&>(), nb::arg("height"), nb::arg("width"), nb::arg("channels"),
           nb::arg("classes"), nb::arg("name") = "net")
      .def_prop_ro(
          "input", [](BuilderObject& b) { return b.input(); }, nb::keep_alive<0, 1>())
      .def("pad_shortcut", &BuilderObject::pad_shortcut, nb::arg("x"), nb::arg("channels"), nb::arg("stride") = 1,
           nb::arg("before") = -1, nb::keep_alive<0, 1>())
      .def("max_pool", &BuilderObject::max_pool, nb::arg("x"), nb::arg("size"), nb::arg("stride") = 0, nb::arg("pad") = 0,
           nb::keep_alive<0, 1>())
      .def("global_average_pool", &BuilderObject::average_pool, nb::arg("x"), nb::keep_alive<0, 1>())
      .def("linear_relu", &BuilderObject::linear, nb::arg("x"), nb::arg("outputs"), nb::keep_alive<0, 1>())
      .def("linear_logits", &BuilderObject::finish, nb::arg("x"))
      .def_prop_ro("toml", &BuilderObject::toml);
  bind_convolutions(builder);
}

}  // namespace intrain::python
