// intrain: the command line. Flags are declared here; each subcommand is a file of its own.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <new>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "cli/commands.h"
#include "cli/decimal.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/version.h"
#include "data/photo_kinds.h"
#include "settings/config_file.h"
#include "settings/recipe.h"
#include "settings/width_keys.h"

namespace intrain::cli {

namespace {

constexpr const char* kLessMemory = "choose a smaller --batch, a smaller model, less data, or a machine with more memory";

const std::string kDataHelp =
    "fashion-mnist[:DIR], mnist:DIR[/PREFIX] (IDX files, plain or .gz), cifar10:DIR, cifar100:DIR (binary files), "
    "folder:DIR[:SIDE] (photos in DIR/train/<class>/ and DIR/val/<class>/ (or valid, validation, test), or in DIR/<class>/ "
    "alone, " +
    photo_kinds_text() +
    ", scaled to SIDE pixels, 224 if not given), or synthetic[:N[:SIDE]] (N generated images of 12x12x1, or of SIDExSIDEx3)";

const std::string kCropHelp =
    "what evaluation and prediction see of a photo: a square in its middle, by its share of the shorter side, 0.1 to 1, or whole "
    "(all of it, scaled to a square)";

void add_threads(CLI::App& app, int& threads) {
  add_number(app, "--threads", threads, "threads that compute; the result does not depend on it")->type_name("N");
}

// The pixels' scaling.
void add_normalization(CLI::App& app, TrainConfig& config) {
  add_numbers(app, "--mean", config.mean,
              "mean of each channel's pixels, 0 to 1, instead of the training images'; 0.485,0.456,0.406 for ImageNet")
      ->type_name("X,X,X");
  add_numbers(app, "--deviation", config.deviation, "standard deviation of each, with --mean; 0.229,0.224,0.225 for ImageNet")
      ->type_name("X,X,X");
}

// Which images there are, and how they lie.
void add_splitting(CLI::App& app, TrainConfig& config) {
  add_number(app, "--val-share", config.val_share,
             "share of the training images of each class to split off and evaluate on, by their names; 0: none, where there is "
             "a set for that")
      ->type_name("X");
  app.add_flag("--transpose", config.transpose, "exchange rows and columns of IDX images, which EMNIST stores the other way");
}

void add_border(CLI::App& app, TrainConfig& config, const std::string& otherwise) {
  app.add_option("--border", config.border,
                 "what random windows show beyond an image: its mean, or black as torchvision's do; " + otherwise)
      ->type_name("mean|black")
      ->default_str("");
}

void add_train(CLI::App& app, TrainConfig& config, std::string& resume) {
  CLI::App& train = *app.add_subcommand("train", "Train a net wholly in integers");
  // Flags are stored in this order: these two first, so that the others win over them.
  train
      .add_option_function<std::string>(
          "--recipe",
          [&config, &train](const std::string& name) {
            if (train.count("--config") == 0) apply_recipe(config, name);
          },
          "number formats, optimizer and schedule to start from: intrain, or wageubn, as published; other flags win")
      ->type_name("intrain|wageubn")
      ->default_str("intrain");
  train
      .add_option_function<std::string>(
          "--config",
          [&config, &train](const std::string& path) {
            read_config(path, config, train.count("--recipe") > 0 ? train.get_option("--recipe")->as<std::string>() : "");
          },
          "JSON of settings by the names of the flags, as config.json of a run folder, or some of them; flags given here win")
      ->type_name("FILE");
  train.add_option("--data", config.data, kDataHelp)->type_name("SPEC");
  train.add_option("--model", config.model, "net to train ('intrain info' lists them), or a TOML file that describes one")
      ->type_name("NAME");
  add_number(train, "--epochs", config.epochs, "passes over the training images")->type_name("N");
  add_number(train, "--batch", config.batch, "images a forward pass")->type_name("N");
  add_number(train, "--accumulate", config.accumulate,
             "batches a step: gradients are added up, in the memory of one batch; batch norm sees each batch by itself")
      ->type_name("N");
  add_number(train, "--lr", config.lr, "peak learning rate")->type_name("X");
  add_number(train, "--momentum", config.momentum, "share of the last update kept, from 0 to below 1")->type_name("X");
  add_number(train, "--weight-decay", config.weight_decay, "added to the gradient for each weight, times the weight")
      ->type_name("X");
  train
      .add_option(
          "--schedule", config.schedule,
          "how the learning rate falls: cosine (to 0), step (to 1/10 at half, 1/100 at three quarters), or wageubn (to 0.12, "
          "0.06, 0.03 at 30, 60, 80 %)")
      ->type_name("cosine|step|wageubn");
  train
      .add_option(
          "--augment", config.augment,
          "what an epoch shows of an image: standard (a random window, half of them mirrored), or none (as evaluation sees it)")
      ->type_name("standard|none");
  train.add_option("--crop", config.crop, kCropHelp + "; auto: 0.875, and whole with --augment none")->type_name("X|whole|auto");
  add_number(train, "--label-smoothing", config.label_smoothing,
             "share of the target that all classes get alike; the losses shown are without it")
      ->type_name("X");
  add_number(train, "--patience", config.patience,
             "end after so many epochs without a better test accuracy; 0: after --epochs only")
      ->type_name("N");
  train
      .add_option(
          "--init-from", config.init_from,
          "checkpoint to take the parameters and the scaling of pixels from, and the net where neither --model nor --config is "
          "given; the last layer is new where the classes are others")
      ->type_name("FILE");
  train
      .add_option("--freeze", config.freeze,
                  "parameters that stay as they are, by name with * and ?, as 'conv*.weight' or 'conv?.*'; may be given again; "
                  "'intrain inspect' lists the layers")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  train
      .add_flag("--freeze-statistics", config.freeze_statistics,
                "normalize by the running mean and deviation of --init-from, as evaluation does, and leave them as they are")
      ->default_str("");
  add_number(train, "--warmup", config.warmup, "epochs over which the learning rate rises from near 0 to --lr")->type_name("N");
  add_normalization(train, config);
  add_border(train, config, "if not given, what the net of --init-from knows, else the mean");
  add_splitting(train, config);
  train.add_flag("--balance", config.balance,
                 "show all classes equally often: of rare ones each image several times an epoch, of frequent ones some of them");
  add_number(train, "--seed", config.seed, "seed of weights, order, crops and rounding")->type_name("N");
  train
      .add_option_function<std::vector<std::string>>(
          "--set",
          [&config](const std::vector<std::string>& settings) {
            for (const std::string& setting : settings) set_width(config.widths, setting);
          },
          widths_help())
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_threads(train, config.threads);
  train.add_option("--out", config.out, "run folder to make; if not given, the first free runs/<data>-<model>-<n>")
      ->type_name("DIR");
  add_number(train, "--save-every", config.save_every,
             "steps between checkpoints that the run can go on from, beside those at the end of each epoch; 0: none")
      ->type_name("N");
  add_number(train, "--keep", config.keep, "how many of the newest checkpoints stay, beside that of the best epoch")
      ->type_name("K");
  train.add_flag("--tensorboard", config.tensorboard, "also write event files for TensorBoard into the run folder");
  train
      .add_option(
          "--resume", resume,
          "go on with a run that was stopped, from the newest checkpoint of its folder, to the same result; of the other flags "
          "--data, --threads, --save-every and --keep may be given too, and --epochs and --patience if no step done would have "
          "been another with them")
      ->type_name("DIR");
}

// The flags of a run that goes on: its settings are its own.
ResumeFlags resume_flags(const CLI::App& train, const TrainConfig& config, const std::string& folder) {
  ResumeFlags flags;
  flags.folder = folder;
  flags.threads = config.threads;
  for (const CLI::Option* option : train.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || name == "--resume" || name == "--threads") continue;
    if (name == "--data")
      flags.data = config.data;
    else if (name == "--save-every")
      flags.save_every = config.save_every;
    else if (name == "--keep")
      flags.keep = config.keep;
    else if (name == "--epochs")
      flags.epochs = config.epochs;
    else if (name == "--patience")
      flags.patience = config.patience;
    else
      throw Error("the settings of a run cannot change while it goes on", name,
                  "with --resume only --data, --threads, --save-every, --keep, --epochs and --patience may be given");
  }
  return flags;
}

void add_eval(CLI::App& app, EvalFlags& flags) {
  CLI::App& eval = *app.add_subcommand("eval", "Measure a checkpoint on a test set");
  eval.add_option("--checkpoint", flags.checkpoint, "final.ckpt or best.ckpt of a run folder")->type_name("FILE")->required();
  eval.add_option("--data", flags.data, kDataHelp + "; if not given, the data that it was trained on")->type_name("SPEC");
  eval.add_option(
          "--split", flags.split,
          "part of the data: train, val or test; if not given, what training evaluates on, and all of a folder that holds "
          "class folders alone")
      ->type_name("train|val|test")
      ->default_str("");
  add_number(eval, "--batch", flags.batch, "images a forward pass; the result does not depend on it")->type_name("N");
  eval.add_option("--confusion", flags.confusion, "draw which classes are taken for which here, for up to 1000 classes")
      ->type_name("FILE");
  eval.add_option("--json", flags.json,
                  "write accuracy, counts, precision, recall and F1 of each class, and, for up to 1000 classes, which are taken "
                  "for which here as JSON; - is standard output, and nothing else is written there")
      ->type_name("FILE|-");
  eval.add_option("--crop", flags.crop, kCropHelp + "; if not given, as the run has it")->type_name("X|whole");
  add_threads(eval, flags.threads);
}

void add_predict(CLI::App& app, PredictFlags& flags) {
  CLI::App& predict = *app.add_subcommand("predict", "Tell what a checkpoint's net sees on pictures");
  predict
      .add_option("image", flags.files,
                  photo_kinds_text() +
                      " files, cropped and scaled as evaluation does with photos; for nets that were not trained on "
                      "folder:DIR, all but what their images' shape cuts off; grey where the net takes grey")
      ->required()
      ->type_name("FILE")
      ->default_str("");
  predict.add_option("--checkpoint", flags.checkpoint, "final.ckpt or best.ckpt of a run folder")->type_name("FILE")->required();
  add_number(predict, "--top", flags.top, "most probable classes to show for each; all if there are fewer")->type_name("N");
  predict.add_flag("--json", flags.json, "write one JSON document instead, logits and the files that cannot be read included");
  add_number(predict, "--batch", flags.batch, "images a forward pass; the result does not depend on it")->type_name("N");
  predict.add_option("--crop", flags.crop, kCropHelp + "; if not given, as the run has it")->type_name("X|whole");
  add_threads(predict, flags.threads);
}

constexpr const char* kBenchModelHelp = "net whose shapes are measured ('intrain info' lists them)";

// The flags of all benchmarks of a net.
void add_bench_net(CLI::App& app, BenchFlags& flags) {
  app.add_option("--model", flags.model, kBenchModelHelp)->type_name("NAME");
  add_number(app, "--batch", flags.batch, "images a step; if not given, 128, and 32 for nets of 224x224 images")
      ->type_name("N")
      ->default_str("");
  app.add_option("--image", flags.image, "size of the images; if not given, the one that the model is for")->type_name("HxWxC");
}

void add_json(CLI::App& app, BenchFlags& flags) {
  app.add_option("--json", flags.json, "write the result here as JSON; - is standard output, and nothing else is written there")
      ->type_name("FILE|-");
}

// --seconds, or a number of repeats.
void add_repeats(CLI::App& app, BenchFlags& flags, const char* seconds_help, const char* steps_help) {
  CLI::Option* seconds = add_number(app, "--seconds", flags.seconds, seconds_help)->type_name("S");
  add_number(app, "--steps", flags.steps, steps_help)->type_name("N")->default_str("")->excludes(seconds);
}

struct BenchCommand {
  BenchKind kind;
  BenchFlags flags;
  CLI::App* app = nullptr;
};

void add_bench(CLI::App& app, std::vector<BenchCommand>& commands, int threads) {
  CLI::App& bench = *app.add_subcommand("bench", "Measure the speed of this machine, of the products, of training steps");
  bench.require_subcommand(0, 1);
  commands.assign({{BenchKind::kPeak, {}}, {BenchKind::kKernels, {}}, {BenchKind::kStep, {}}, {BenchKind::kInfer, {}}});
  for (BenchCommand& command : commands) {
    BenchFlags& flags = command.flags;
    flags.threads = threads;
    switch (command.kind) {
      case BenchKind::kPeak:
        command.app = bench.add_subcommand("peak", "What the machine does at most: products in registers, bytes from memory");
        flags.seconds = 0.2;
        add_number(*command.app, "--seconds", flags.seconds, "length of a run; the best of 5 counts")->type_name("S");
        break;
      case BenchKind::kKernels:
        command.app = bench.add_subcommand("kernels", "Each matrix product of a net by itself, all passes");
        flags.seconds = 0.2;
        add_bench_net(*command.app, flags);
        add_repeats(*command.app, flags, "least time for a pass of a shape, and at least 3 repeats",
                    "repeats of a pass of a shape, instead of --seconds");
        break;
      case BenchKind::kStep:
        command.app = bench.add_subcommand("step", "Training steps of a net, by operator and layer");
        add_bench_net(*command.app, flags);
        add_repeats(*command.app, flags, "how long to measure, and at least 5 steps", "steps to measure, instead of --seconds");
        command.app->add_option("--png", flags.png, "draw the time by operator and layer here")->type_name("FILE");
        break;
      case BenchKind::kInfer:
        command.app = bench.add_subcommand("infer", "Forward passes of a net, by operator and layer");
        add_bench_net(*command.app, flags);
        add_repeats(*command.app, flags, "how long to measure, and at least 5 passes", "passes to measure, instead of --seconds");
        break;
    }
    add_number(*command.app, "--threads", flags.threads, "threads that compute")->type_name("N");
    add_json(*command.app, flags);
  }
}

void add_inspect(CLI::App& app, InspectFlags& flags) {
  CLI::App& inspect = *app.add_subcommand("inspect", "Show how the numbers of a checkpoint's next training step are distributed");
  inspect.add_option("--checkpoint", flags.checkpoint, "final.ckpt or best.ckpt of a run folder")->type_name("FILE")->required();
  inspect.add_option("--data", flags.data, kDataHelp + "; if not given, the data that it was trained on")->type_name("SPEC");
  add_number(inspect, "--batch", flags.batch, "training images to look at; if not given, those of the run's next step")
      ->type_name("N")
      ->default_str("");
  inspect.add_option("--png", flags.png, "picture to write; if not given, inspect.png beside the checkpoint")->type_name("FILE");
  add_threads(inspect, flags.threads);
}

void add_import(CLI::App& app, ImportFlags& flags) {
  CLI::App& command = *app.add_subcommand("import", "Make a checkpoint of a net that was trained elsewhere, in floating point");
  CLI::Option* safetensors = command.add_option("--safetensors", flags.safetensors,
                                                "its tensors, named as in PyTorch: as torchvision's ResNets, MobileNetV2 and "
                                                "VGGs, the usual CIFAR ResNets, an nn.Sequential, or "
                                                "with --order");
  safetensors->type_name("FILE");
  command
      .add_option("--onnx", flags.onnx,
                  "the net as an ONNX model, as torch.onnx.export writes it, with its batch norms or without (docs/import.md)")
      ->type_name("FILE")
      ->excludes(safetensors);
  flags.config.model.clear();
  command
      .add_option("--model", flags.config.model,
                  "the same net here ('intrain info' lists them), or a TOML file; if not given, that of the ONNX graph")
      ->type_name("NAME")
      ->default_str("");
  command.add_option("--data", flags.config.data, kDataHelp + "; like what it was trained on")->type_name("SPEC")->required();
  command.add_option("--out", flags.out, "checkpoint to write, for eval, predict, export and train --init-from")
      ->type_name("FILE")
      ->required();
  command
      .add_flag("--new-head", flags.new_head,
                "leave the last layer out: the data have other classes; the file may have any head, or none")
      ->default_str("");
  command.add_option("--prefix", flags.prefix, "take only the tensors in this module of the file, as ema or model")
      ->type_name("NAME")
      ->needs(safetensors);
  command
      .add_option(
          "--order", flags.order,
          "modules of the file in the order of the forward pass, by their names or the last parts of these, where the names do "
          "not tell it")
      ->delimiter(',')
      ->type_name("A,B,...")
      ->needs(safetensors);
  add_number(command, "--calibrate", flags.calibrate, "training images to find the scales of the layers with; 0: none")
      ->type_name("N");
  command.add_option("--crop", flags.config.crop, kCropHelp + "; auto: 0.875")->type_name("X|whole|auto");
  add_splitting(command, flags.config);
  add_normalization(command, flags.config);
  add_border(command, flags.config,
             "for the training that goes on from it; if not given, of which the net gets more training images right");
  add_threads(command, flags.config.threads);
}

void add_export(CLI::App& app, ExportFlags& flags) {
  CLI::App& command =
      *app.add_subcommand("export", "Write a checkpoint's net for other programs: as an ONNX model, or as tensors");
  command.add_option("--checkpoint", flags.checkpoint, "final.ckpt or best.ckpt of a run folder")->type_name("FILE")->required();
  CLI::Option* onnx = command.add_option("--onnx", flags.onnx, "ONNX model to write")->type_name("FILE");
  command.add_option("--safetensors", flags.safetensors, "file for all state of the training: integers, with their exponents")
      ->type_name("FILE");
  const std::string exact_help = "integers only, the logits bit by bit those of intrain; this is the default";
  CLI::Option* exact = command.add_flag("--exact", exact_help)->needs(onnx);
  command.add_flag("--qdq", flags.qdq, "float operators between QuantizeLinear and DequantizeLinear, which runtimes accelerate")
      ->needs(onnx)
      ->excludes(exact)
      ->default_str("");
}

void add_report(CLI::App& app, ReportFlags& flags) {
  CLI::App& report = *app.add_subcommand("report", "Write a page of HTML about runs: curves, mistakes, numbers, settings");
  report.add_option("run", flags.runs, "run folders; several are compared")->required()->type_name("RUN")->default_str("");
  report.add_option("--out", flags.out, "page to write; it needs no other file")->type_name("FILE");
  report.add_option("--data", flags.data, kDataHelp + "; if not given, the data that each was trained on")->type_name("SPEC");
  add_threads(report, flags.threads);
}

// A variable of a script that was never set would be passed over, as no file or no setting.
void refuse_empty_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    option->check(
        [name = option->get_name()](const std::string& text) {
          if (text.empty()) throw Error("its value is empty", name, "give it a value, or leave the flag out");
          return std::string();
        },
        "", "");
  for (CLI::App* sub : app.get_subcommands({})) refuse_empty_values(*sub);
}

// The subcommand that a wrong flag was given to, for the hint.
std::string help_line(const CLI::App& app) {
  for (const CLI::App* sub : app.get_subcommands()) {
    const std::string command = "'intrain " + sub->get_name();
    for (const CLI::App* part : sub->get_subcommands()) return command + " " + part->get_name() + " --help' lists the flags";
    if (sub->get_name() == "bench") return command + " --help' lists the benchmarks: peak, kernels, step, infer";
    return command + " --help' lists the flags";
  }
  return "'intrain --help' lists the subcommands: train, eval, predict, inspect, report, export, import, info, verify, bench";
}

int run(int argc, char** argv) {
  TrainConfig config;
  EvalFlags eval;
  PredictFlags predict;
  InspectFlags inspect;
  ExportFlags export_flags;
  ReportFlags report;
  ImportFlags import_flags;
  int verify_threads = available_threads();
  std::string verify_model = "resnet8";
  config.threads = eval.threads = predict.threads = inspect.threads = report.threads = import_flags.config.threads =
      verify_threads;

  CLI::App app("Trains deep networks wholly in integers: no floating-point instruction in a training step.", "intrain");
  app.option_defaults()->always_capture_default();
  app.set_version_flag("--version", std::string("intrain ") + kVersion);
  app.require_subcommand(0, 1);  // none is refused below: here it would hide a misspelt one
  std::string resume;
  add_train(app, config, resume);
  add_eval(app, eval);
  add_predict(app, predict);
  add_inspect(app, inspect);
  add_export(app, export_flags);
  add_report(app, report);
  add_import(app, import_flags);
  app.add_subcommand("info", "Show the CPU's instruction sets and which kernel runs for each operator");
  CLI::App& verify = *app.add_subcommand("verify", "Train a fixed tiny problem and compare its signature with the published one");
  verify.add_option("--model", verify_model, "net to train: resnet8, resnet8_v2, resnet18 or resnet50")->type_name("NAME");
  add_threads(verify, verify_threads);
  std::vector<BenchCommand> bench;
  add_bench(app, bench, verify_threads);
  refuse_empty_values(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    std::ostringstream text;  // of --help or --version
    const int status = app.exit(e, text, text);
    print("{}", text.str());
    return status;
  } catch (const CLI::ParseError& e) {
    return print_error(e.what(), "", help_line(app));
  }

  if (app.get_subcommands().empty()) return print_error("no subcommand is given", "", help_line(app));
  if (const CLI::App* train = app.get_subcommand("train"); train->parsed()) {
    if (train->count("--resume") > 0) return resume_command(resume_flags(*train, config, resume));
    if (train->count("--model") > 0) config.net.clear();  // that of --config is another's
    if (train->count("--init-from") > 0 && train->count("--model") + train->count("--config") == 0) take_net(config);
    return train_command(config);
  }
  if (app.got_subcommand("eval")) return eval_command(eval);
  if (app.got_subcommand("predict")) return predict_command(predict);
  if (app.got_subcommand("inspect")) return inspect_command(inspect);
  if (app.got_subcommand("export")) return export_command(export_flags);
  if (app.got_subcommand("report")) return report_command(report);
  if (app.got_subcommand("import")) return import_command(import_flags);
  if (app.got_subcommand("verify")) return verify_command(verify_model, verify_threads);
  if (app.got_subcommand("bench")) {
    for (const BenchCommand& command : bench)
      if (command.app->parsed()) return bench_command(command.kind, command.flags);
    return print_error("no benchmark is given", "", help_line(app));
  }
  return info_command();
}

int run_telling_errors(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& e) {
    return print_error(e);
  } catch (const std::bad_alloc&) {
    return print_error("out of memory", "", kLessMemory);
  } catch (const std::length_error&) {  // more than a container can hold
    return print_error("out of memory", "", kLessMemory);
  } catch (const std::filesystem::filesystem_error& e) {
    return print_error(e.code().message(), e.path1().string(), "check the path and its permissions");
  } catch (const std::system_error& e) {  // of threads, mostly
    return print_error("the system refuses: " + e.code().message(), "",
                       "choose fewer --threads, or allow more processes and open files (ulimit -u, ulimit -n)");
  } catch (const std::exception& e) {
    return print_error(e.what(), "", "this should not happen: please report it with the command line");
  }
}

}  // namespace

}  // namespace intrain::cli

int main(int argc, char** argv) {
  using namespace intrain::cli;
  prepare_streams();
  return finish(run_telling_errors(argc, argv));
}
