// Classes and functions of the extension with what help() says of them. That stands in python/intrain/_core.pyi alone: python/docstrings.py makes a
// table of it when this is built.
#pragma once

#include <nanobind/nanobind.h>

#include <string>
#include <utility>

namespace intrain::python {

namespace nb = nanobind;

// Of the module, "", a function, "load_data", a class, or its method or property, "Trainer.fit"; empty where the stub says nothing. It lives as long
// as the program.
const char* docstring(const std::string& name);

// nb::class_, whose members bring their docstrings.
template <class T>
class Class {
 public:
  Class(nb::module_& m, const char* name) : name_(name), bound_(m, name, docstring(name)) {}

  template <class Function, class... Extra>
  Class& def(const char* name, Function&& function, const Extra&... extra) {
    bound_.def(name, std::forward<Function>(function), of(name), extra...);
    return *this;
  }
  template <class... Arguments, class... Extra>
  Class& def(nb::init<Arguments...> constructor, const Extra&... extra) {
    bound_.def(std::move(constructor), extra...);
    return *this;
  }
  template <class Function, class... Extra>
  Class& def_static(const char* name, Function&& function, const Extra&... extra) {
    bound_.def_static(name, std::forward<Function>(function), of(name), extra...);
    return *this;
  }
  template <class Getter, class... Extra>
  Class& def_prop_ro(const char* name, Getter&& getter, const Extra&... extra) {
    bound_.def_prop_ro(name, std::forward<Getter>(getter), of(name), extra...);
    return *this;
  }
  template <class Owner, class Member>
  Class& def_ro(const char* name, Member Owner::*member) {
    bound_.def_ro(name, member, of(name));
    return *this;
  }

 private:
  const char* of(const char* member) const { return docstring(name_ + "." + member); }

  const std::string name_;
  nb::class_<T> bound_;
};

// m.def with its docstring.
template <class Function, class... Extra>
void define(nb::module_& m, const char* name, Function&& function, const Extra&... extra) {
  m.def(name, std::forward<Function>(function), docstring(name), extra...);
}

}  // namespace intrain::python
