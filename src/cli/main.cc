// intrain: the command line. Flags are declared here; each subcommand is a file of its own.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>

#include "cli/commands.h"
#include "cli/version.h"
#include "core/error.h"
#include "core/parallel.h"

namespace intrain::cli {

namespace {

constexpr int kBadInput = 2;

int print_error(const std::string& what, const std::string& where, const std::string& hint) {
  std::fflush(stdout);
  fmt::print(stderr, "error: {}{}\nhint: {}\n", what, where.empty() ? "" : fmt::format(" ({})", where), hint);
  return kBadInput;
}

constexpr const char* kDataHelp =
    "fashion-mnist[:DIR], mnist:DIR (IDX files, plain or .gz), cifar10:DIR, cifar100:DIR (binary files), or "
    "synthetic[:N[:SIDE]] (N generated images of 12x12x1, or of SIDExSIDEx3)";

void add_threads(CLI::App& app, int& threads) {
  app.add_option("--threads", threads, "threads that compute; the result does not depend on it")->type_name("N");
}

void add_train(CLI::App& app, TrainConfig& config) {
  CLI::App& train = *app.add_subcommand("train", "Train a net wholly in integers");
  train.add_option("--data", config.data, kDataHelp)->type_name("SPEC");
  train.add_option("--model", config.model, "net to train ('intrain info' lists them)")->type_name("NAME");
  train.add_option("--epochs", config.epochs, "passes over the training images")->type_name("N");
  train.add_option("--batch", config.batch, "images a step")->type_name("N");
  train.add_option("--lr", config.lr, "peak learning rate")->type_name("X");
  train.add_option("--momentum", config.momentum, "share of the last update kept, from 0 to below 1")->type_name("X");
  train.add_option("--weight-decay", config.weight_decay, "added to the gradient for each weight, times the weight")
      ->type_name("X");
  train
      .add_option("--schedule", config.schedule,
                  "how the learning rate falls: cosine (to 0), or step (to 1/10 at half, 1/100 at three quarters)")
      ->type_name("cosine|step");
  train.add_option("--warmup", config.warmup, "epochs over which the learning rate rises from near 0 to --lr")->type_name("N");
  train.add_option("--seed", config.seed, "seed of weights, order, crops and rounding")
      ->type_name("N")
      // CLI11 takes -1 as 2^64 - 1.
      ->check([](const std::string& text) { return text.starts_with('-') ? "must not be negative" : ""; }, "", "");
  add_threads(train, config.threads);
  train.add_option("--out", config.out, "run folder to make; if not given, the first free runs/<data>-<model>-<n>")
      ->type_name("DIR");
}

void add_eval(CLI::App& app, EvalFlags& flags) {
  CLI::App& eval = *app.add_subcommand("eval", "Measure a checkpoint on a test set");
  eval.add_option("--checkpoint", flags.checkpoint, "final.ckpt or best.ckpt of a run folder")->type_name("FILE")->required();
  eval.add_option("--data", flags.data, std::string(kDataHelp) + "; if not given, the data that it was trained on")
      ->type_name("SPEC");
  eval.add_option("--batch", flags.batch, "images a forward pass; the result does not depend on it")->type_name("N");
  add_threads(eval, flags.threads);
}

// The subcommand that a wrong flag was given to, for the hint.
std::string help_line(const CLI::App& app) {
  for (const CLI::App* sub : app.get_subcommands()) return "'intrain " + sub->get_name() + " --help' lists the flags";
  return "'intrain --help' lists the subcommands: train, eval, info, verify";
}

int run(int argc, char** argv) {
  TrainConfig config;
  EvalFlags eval;
  int verify_threads = available_threads();
  std::string verify_model = "resnet8";
  config.threads = eval.threads = verify_threads;

  CLI::App app("Trains deep networks wholly in integers: no floating-point instruction in a training step.", "intrain");
  app.option_defaults()->always_capture_default();
  app.set_version_flag("--version", std::string("intrain ") + kVersion);
  app.require_subcommand(0, 1);  // none is refused below: here it would hide a misspelt one
  add_train(app, config);
  add_eval(app, eval);
  app.add_subcommand("info", "Show the CPU's instruction sets and which kernel runs for each operator");
  CLI::App& verify = *app.add_subcommand("verify", "Train a fixed tiny problem and compare its signature with the published one");
  verify.add_option("--model", verify_model, "net to train: resnet8, resnet18 or resnet50")->type_name("NAME");
  add_threads(verify, verify_threads);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);  // --help, --version
  } catch (const CLI::ParseError& e) {
    return print_error(e.what(), "", help_line(app));
  }

  if (app.get_subcommands().empty()) return print_error("no subcommand is given", "", help_line(app));
  if (app.got_subcommand("train")) return train_command(config);
  if (app.got_subcommand("eval")) return eval_command(eval);
  if (app.got_subcommand("verify")) return verify_command(verify_model, verify_threads);
  return info_command();
}

}  // namespace

}  // namespace intrain::cli

int main(int argc, char** argv) {
  using intrain::cli::print_error;
  try {
    return intrain::cli::run(argc, argv);
  } catch (const intrain::Error& e) {
    return print_error(e.what(), e.where, e.hint);
  } catch (const std::bad_alloc&) {
    return print_error("out of memory", "",
                       "choose a smaller --batch, a smaller model, less data, or a machine with more memory");
  } catch (const std::exception& e) {
    return print_error(e.what(), "", "this should not happen: please report it with the command line");
  }
}
