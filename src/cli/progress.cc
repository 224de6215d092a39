#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "cli/output.h"
#include "core/text.h"
#include "settings/duration.h"

namespace intrain::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBarInterval{100}, kLineInterval{10000};

int columns(std::FILE* out) {
  winsize size{};
  return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Whether the locale's characters are UTF-8, by its name: it need not be installed.
bool is_utf8_locale() {
  std::string name;
  for (const char* key : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (name = variable(key); !name.empty()) break;
  std::string letters;
  for (const unsigned char c : name)
    if (std::isalnum(c) != 0) letters += static_cast<char>(std::tolower(c));
  return letters.find("utf8") != std::string::npos;
}

// Whether `out` is a terminal that a line can be drawn over, with blocks, and where it is wanted (no-color.org).
bool can_draw(std::FILE* out) {
  const std::string terminal = variable("TERM");
  return isatty(fileno(out)) != 0 && !terminal.empty() && terminal != "dumb" && variable("NO_COLOR").empty() && is_utf8_locale();
}

std::string bar(double part, int width) {
  // Eighths of a cell: U+2588 full block to U+258F.
  static const char* const kEighths[] = {"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
  const int eighths = static_cast<int>(std::clamp(part, 0.0, 1.0) * width * 8);
  std::string s;
  for (int i = 0; i < eighths / 8; ++i) s += "\u2588";
  s += kEighths[eighths % 8];
  s.append(static_cast<size_t>(width - eighths / 8 - (eighths % 8 != 0)), ' ');
  return s;
}

}  // namespace

ProgressBar::ProgressBar(std::FILE* out) : out_(out), drawn_(can_draw(out)), last_(Clock::now()) {}

bool ProgressBar::due() {
  const Clock::time_point now = Clock::now();
  if (now - last_ < (drawn_ ? Clock::duration(kBarInterval) : Clock::duration(kLineInterval))) return false;
  last_ = now;
  return true;
}

void ProgressBar::restart() { last_ = Clock::now(); }

void ProgressBar::draw(const std::string& head, double part, const std::string& text, const std::string& line) {
  if (!drawn_) {
    print(out_, "{}\n", line);
  } else {
    const int width = std::clamp(columns(out_) - static_cast<int>(head.size() + text.size()) - 5, 4, 40);
    print(out_, "\r{}|{}| {}\033[K", head, bar(part, width), text);
    shown_ = true;
  }
  flush(out_);
}

void ProgressBar::clear() {
  if (!shown_) return;
  print(out_, "\r\033[K");
  flush(out_);
  shown_ = false;
}

void Progress::on_start(const TrainingPlan& plan) {
  epochs_ = plan.config.epochs;
  steps_per_epoch_ = plan.steps_per_epoch;
  batch_ = plan.config.batch;
  bar_.restart();
  print(out_, "training {} ({} parameters) on {}: {} images, {} of {} steps, {}, {}\n", printable(plan.config.model),
        plan.parameters, printable(plan.config.data), plan.train_images, plural(epochs_, "epoch"), steps_per_epoch_,
        plural(plan.config.threads, "thread"), plan.isa);
  if (plan.first_step > 0) print(out_, "going on after step {} of {}\n", plan.first_step, plan.total_steps);
  constexpr size_t kShown = 20;
  if (!plan.gone.empty())
    print(out_, "photos of the run that are gone or cannot be read any more: {}, all in broken.txt of its folder\n",
          plan.gone.size());
  for (size_t i = 0; i < std::min(kShown, plan.gone.size()); ++i) print(out_, "  {}\n", printable(plan.gone[i]));
  flush(out_);
}

void Progress::on_step(const StepReport& r) {
  loss_.add(r.loss);
  accuracy_.add(r.accuracy);
  step_seconds_.add(static_cast<double>(batch_) / std::max(r.images_per_second, 1e-9));
  if (!bar_.due()) return;
  const int64_t done = (r.step - 1) % steps_per_epoch_ + 1;
  const std::string numbers =
      fmt::format("loss {:.4f}  accuracy {:5.2f} %  {:.0f} images/s  {} left", loss_.value(), 100 * accuracy_.value(),
                  static_cast<double>(batch_) / step_seconds_.value(), duration_text(r.seconds_left));
  bar_.draw(fmt::format("epoch {}/{} ", r.epoch, epochs_), static_cast<double>(done) / static_cast<double>(steps_per_epoch_),
            numbers, fmt::format("epoch {}/{}  step {}/{}  {}", r.epoch, epochs_, done, steps_per_epoch_, numbers));
}

void Progress::on_epoch(const EpochReport& r) {
  bar_.clear();
  constexpr double kMuch = 0.05;  // a step waits for the first images, and now and then for a core
  const std::string waited =
      r.waited < kMuch ? "" : fmt::format("  {:.0f} % of the time spent waiting for images", 100 * r.waited);
  print(out_, "epoch {}/{}  loss {:.4f}  accuracy {:5.2f} %  {:.0f} images/s  test loss {:.4f}  test accuracy {:5.2f} %  {}{}\n",
        r.epoch, epochs_, r.train_loss, 100 * r.train_accuracy, r.images_per_second, r.test_loss, 100 * r.test_accuracy,
        duration_text(r.seconds), waited);
  flush(out_);
  bar_.restart();
}

}  // namespace intrain::cli
