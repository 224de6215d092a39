// The settings of a training by their keys, and strictly by their types.
#include <nanobind/operators.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "bindings.h"
#include "documented.h"
#include "errors.h"
#include "settings/config_file.h"
#include "settings/recipe.h"
#include "settings/setting_list.h"
#include "settings/train_command.h"
#include "settings/width_keys.h"

namespace intrain::python {

namespace {

std::string shown(nb::handle value) {
  const std::string text = nb::cast<std::string>(nb::repr(value));
  return text.size() <= 80 ? text : text.substr(0, 77) + "...";
}

[[noreturn]] void refuse(const std::string& key, const char* takes, nb::handle value) {
  throw KindError(Error("`" + key + "` takes " + takes + ", not " + shown(value), Setting{key},
                        "intrain.Settings.help(\"" + key + "\") says what it means"),
                  Kind::kConfig);
}

bool is_bool(nb::handle value) {
  if (PyBool_Check(value.ptr())) return true;
  const std::string type = nb::cast<std::string>(nb::handle(reinterpret_cast<PyObject*>(Py_TYPE(value.ptr()))).attr("__name__"));
  return type == "bool_" || type == "bool";  // numpy's
}
bool is_text(nb::handle value) { return PyUnicode_Check(value.ptr()) != 0; }

void store(const std::string& key, nb::handle value, bool& member) {
  if (!is_bool(value)) refuse(key, "True or False", value);
  member = PyObject_IsTrue(value.ptr()) == 1;
}

void store(const std::string& key, nb::handle value, uint64_t& member) {
  if (is_bool(value) || !PyIndex_Check(value.ptr())) refuse(key, "a whole number", value);
  const nb::object number = nb::steal(PyNumber_Index(value.ptr()));
  if (!number.is_valid()) nb::raise_python_error();
  const unsigned long long wide = PyLong_AsUnsignedLongLong(number.ptr());
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    refuse(key, "a whole number from 0 to 2^64 - 1", value);
  }
  member = wide;
}

void store(const std::string& key, nb::handle value, int& member) {
  if (is_bool(value) || !PyIndex_Check(value.ptr())) refuse(key, "a whole number", value);
  const nb::object number = nb::steal(PyNumber_Index(value.ptr()));
  if (!number.is_valid()) nb::raise_python_error();
  int overflow = 0;
  const long long wide = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow != 0 || wide < INT32_MIN || wide > INT32_MAX) refuse(key, setting_info(key).range.c_str(), value);
  member = static_cast<int>(wide);
}

void store(const std::string& key, nb::handle value, double& member) {
  if (is_bool(value) || is_text(value) || PyNumber_Check(value.ptr()) == 0) refuse(key, "a number", value);
  const nb::object number = nb::steal(PyNumber_Float(value.ptr()));
  if (!number.is_valid()) {
    PyErr_Clear();
    refuse(key, "a number", value);
  }
  member = PyFloat_AsDouble(number.ptr());
}

void store(const std::string& key, nb::handle value, std::string& member) {
  nb::object text = nb::borrow(value);
  if (!is_text(text) && nb::hasattr(text, "__fspath__")) text = nb::steal(PyOS_FSPath(text.ptr()));
  if (!text.is_valid()) nb::raise_python_error();
  if ((key == "crop" || key == "shift" || key == "mixup") && !is_text(text) && !is_bool(text) &&
      PyNumber_Check(text.ptr()) != 0) {
    if (PyFloat_Check(text.ptr()) && std::floor(PyFloat_AsDouble(text.ptr())) == PyFloat_AsDouble(text.ptr()))
      text = nb::steal(PyNumber_Long(text.ptr()));  // 2.0 is 2
    if (!text.is_valid()) nb::raise_python_error();
    text = nb::str(text);
  }
  if (!is_text(text)) refuse(key, "a text", value);
  member = nb::cast<std::string>(text);
}

template <class Element>
void store(const std::string& key, nb::handle value, std::vector<Element>& member) {
  std::vector<Element> elements;
  if (is_text(value) || !nb::hasattr(value, "__iter__")) {
    store(key, value, elements.emplace_back());
  } else {
    for (const nb::handle element : nb::iter(value)) store(key, element, elements.emplace_back());
  }
  member = std::move(elements);
}

// A number format by its key of config.json, as "formats.w"; its own key, "w". Else empty.
std::string width_key(const std::string& key) {
  constexpr std::string_view kPrefix = "formats.";
  if (!key.starts_with(kPrefix)) return "";
  const std::vector<WidthValue> values = width_values(Widths{});
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const WidthValue& v) { return v.key == key.substr(kPrefix.size()); });
  return found == values.end() ? "" : found->key;
}

std::vector<std::string> width_keys() {
  std::vector<std::string> keys;
  for (const WidthValue& v : width_values(Widths{})) keys.push_back(std::string("formats.") + v.key);
  return keys;
}

bool is_setting(const std::string& key) {
  return std::any_of(setting_list().begin(), setting_list().end(), [&](const SettingInfo& s) { return s.key == key; });
}

nb::object width_of(const WidthValue& value) {
  if (value.word != nullptr) return nb::str(value.word);
  return nb::int_(value.bits);
}

[[noreturn]] void refuse_key(const std::string& key) {
  // The nearest ones, as Python itself proposes names.
  nb::list known;
  for (const SettingInfo& s : setting_list()) known.append(s.key);
  for (const std::string& width : width_keys()) known.append(width);
  const nb::object near = nb::module_::import_("difflib").attr("get_close_matches")(key, known);
  std::string hint = "'intrain train --help' and Settings.keys() list them";
  if (nb::len(near) > 0) hint = "did you mean " + nb::cast<std::string>(nb::str(", ").attr("join")(near)) + "? " + hint;
  throw KindError(Error("there is no setting `" + key + "`", Setting{key}, hint), Kind::kConfig);
}

void set_format(Widths& widths, const std::string& key, nb::handle value) {
  const std::string own = width_key(key);
  if (is_text(value)) {
    set_width(widths, own + "=" + nb::cast<std::string>(value));
  } else {
    if (is_bool(value) || !PyIndex_Check(value.ptr()))
      refuse(key, takes_words(own) ? "bits, a whole number, or a word" : "bits, a whole number", value);
    set_width(widths, own + "=" + nb::cast<std::string>(nb::str(nb::steal(PyNumber_Index(value.ptr())))));
  }
}

void set(TrainConfig& config, const std::string& key, nb::handle value) {
  if (!width_key(key).empty()) {
    errors_are(Kind::kConfig, [&] { set_format(config.widths, key, value); });
    return;
  }
  if (!is_setting(key)) refuse_key(key);
  for_each_setting(config, [&](const SettingInfo& info, auto& member) {
    if (info.key == key) store(key, value, member);
  });
}

nb::object get(const TrainConfig& config, const std::string& key) {
  const std::string width = width_key(key);
  for (const WidthValue& value : width_values(config.widths))
    if (value.key == width) return width_of(value);
  if (!is_setting(key)) refuse_key(key);
  nb::object found;
  for_each_setting(config, [&](const SettingInfo& info, const auto& member) {
    if (info.key == key) found = nb::cast(member);
  });
  return found;
}

std::string help(const std::string& key) {
  if (const std::string width = width_key(key); !width.empty()) {
    const std::string all = widths_help();
    const size_t at = ("\n" + all).find("\n" + width + " ");
    return at == std::string::npos ? all : all.substr(at, all.find('\n', at) - at);
  }
  if (!is_setting(key)) refuse_key(key);
  const SettingInfo& info = setting_info(key);
  std::string text = info.help + "; default: " + nb::cast<std::string>(nb::repr(get(TrainConfig{}, key)));
  if (!info.range.empty()) text += "; it takes " + info.range;
  if (!info.otherwise.empty()) text += "; " + info.otherwise;
  return text;
}

}  // namespace

void bind_settings(nb::module_& m) {
  Class<TrainConfig>(m, "Settings")
      .def(nb::init<>())
      .def("copy", [](const TrainConfig& config) { return config; })
      .def_static(
          "keys",
          [](bool on_resume) {
            std::vector<std::string> keys;
            for (const SettingInfo& s : setting_list())
              if (!on_resume || (s.traits & kOnResume) != 0) keys.push_back(s.key);
            return keys;
          },
          nb::arg("on_resume") = false)
      .def_static("width_keys", width_keys)
      .def_static("help", help, nb::arg("key"))
      .def("__getitem__", get, nb::arg("key"))
      .def("__setitem__", set, nb::arg("key"), nb::arg("value").none())
      .def(
          "apply_recipe",
          [](TrainConfig& config, const std::string& name) { errors_are(Kind::kConfig, [&] { apply_recipe(config, name); }); },
          nb::arg("name"))
      .def(
          "read",
          [](TrainConfig& config, const std::string& path) { errors_are(Kind::kConfig, [&] { read_config(path, config); }); },
          nb::arg("path"))
      .def("validate", [](const TrainConfig& config) { errors_are(Kind::kConfig, [&] { validate(config); }); })
      .def(
          "refuse_idle",
          [](const TrainConfig& config, const std::vector<std::string>& given) {
            errors_are(Kind::kConfig, [&] {
              refuse_idle(config, [&](const char* key) { return std::find(given.begin(), given.end(), key) != given.end(); });
            });
          },
          nb::arg("given"))
      .def("command",
           [](const TrainConfig& config) {
             return train_command_of(config, config.out.empty() ? "config.json" : config.out + "/config.json");
           })
      .def("widths",
           [](const TrainConfig& config) {
             nb::dict widths;
             for (const WidthValue& v : width_values(config.widths)) widths[nb::str(v.key)] = width_of(v);
             return widths;
           })
      .def("__eq__", [](const TrainConfig& a, nb::handle other) {
        if (!nb::isinstance<TrainConfig>(other)) return false;
        const TrainConfig& b = *nb::inst_ptr<TrainConfig>(other);
        const std::vector<Setting> all = settings_of(a), others = settings_of(b);
        return std::equal(all.begin(), all.end(), others.begin(), others.end(),
                          [](const Setting& x, const Setting& y) { return x.name == y.name && x.value == y.value; });
      });
}

}  // namespace intrain::python
