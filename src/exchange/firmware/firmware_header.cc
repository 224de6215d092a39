#include "exchange/firmware/firmware_header.h"

#include <algorithm>

#include "micro/state.h"

namespace intrain {

namespace {

// As C writes it: titles hold names of files.
std::string quoted(const std::string& text) {
  std::string result;
  for (const char ch : text) {
    if (ch == '"' || ch == '\\') result += '\\';
    result += ch;
  }
  return "\"" + result + "\"";
}

constexpr const char* kTypes = R"(
#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char* title;
  uint64_t net; /* of the net, its classes and all that stays as it is: what a saved state belongs to */
  int32_t height, width, channels, classes;
  int32_t layers, learning_layers; /* with parameters: all of them, and the last so many that learn */
  uint32_t arena_bytes, state_bytes;
} intrain_net_info;

const intrain_net_info* intrain_info(void);

/* The net as it was exported. Once, before all else. The arena holds INTRAIN_ARENA_BYTES, and is all memory beside the stack. */
void intrain_init(uint64_t* arena);
/* The class of an image. logits: if not 0, set to INTRAIN_CLASSES of them in the arena, which stay until the next call. */
int32_t intrain_predict(uint64_t* arena, const uint8_t* pixels, const int32_t** logits);
)";

constexpr const char* kLearning = R"(
/* A step on one image, 0 <= label < INTRAIN_CLASSES. The class that it was taken for before, or -1 for a label that is none: then nothing is
   learned. */
int32_t intrain_train_step(uint64_t* arena, const uint8_t* pixels, int32_t label);
/* The learning rate from the next step on, mantissa 2^exponent, 0 <= mantissa < 1024. 1, or 0 if it is none: then it stays as it was. */
int32_t intrain_set_rate(uint64_t* arena, int32_t mantissa, int32_t exponent);
uint32_t intrain_step_count(const uint64_t* arena);
/* The same as that of a run of the same steps on any other machine. */
uint64_t intrain_signature(const uint64_t* arena);

/* Memory that stays when the power goes: two slots, 0 and 1, of INTRAIN_STATE_BYTES each, which is a multiple of INTRAIN_PAGE_BYTES. Each
   function returns 1, or 0 if it failed; `context` is handed to it. */
typedef struct {
  void* context;
  /* INTRAIN_PAGE_BYTES or fewer of a slot, from an offset in it on. It tries again by itself where that may help: 0 says that they are lost for
     now. What was never written, or will never be read again, as a page whose writing was cut short may be, is 1 and any bytes. */
  int32_t (*read)(void* context, int32_t slot, uint32_t offset, void* to, uint32_t bytes);
  /* Before a slot is written. 0 where memory needs none. */
  int32_t (*erase)(void* context, int32_t slot);
  /* INTRAIN_PAGE_BYTES of a slot, page after page. */
  int32_t (*write)(void* context, int32_t slot, uint32_t offset, const void* from, uint32_t bytes);
} intrain_storage;

/* 1: the arena is the newest whole state of this net; a slot that cannot be read counts as one that holds none. 0: there is none, the arena is
   as it was; or its slot could not be read again, the arena is as after intrain_init(). */
int32_t intrain_load(uint64_t* arena, const intrain_storage* storage);
/* 1: it is stored, and was read back. 0: it is not, or cannot be read back; what was stored before is as it was. Nor is that lost if the power
   goes at any byte. 0 too, and nothing is erased or written, while one of the slots cannot be read, because that may hold the newest state. */
int32_t intrain_save(const uint64_t* arena, const intrain_storage* storage);
)";

constexpr const char* kEnd = R"(
#ifdef __cplusplus
}
#endif

#endif
)";

}  // namespace

std::string firmware_header(const FirmwarePlan& plan, const FirmwareSubject& subject) {
  const bool learns = plan.net.learning_layers > 0;
  const auto define = [](const char* name, uint32_t value) {
    return std::string("#define INTRAIN_") + name + " " + std::to_string(value) + "\n";
  };
  std::string text =
      "// " + subject.title +
      "\n//\n// Pixels are [height][width][channels], 0 to 255. One net in a firmware: names of two would clash.\n";
  text += "#ifndef INTRAIN_NET_H\n#define INTRAIN_NET_H\n\n#include <stdint.h>\n\n";
  text += define("ARENA_BYTES", plan.net.arena_bytes) +
          define("INPUTS", static_cast<uint32_t>(subject.h * subject.w * subject.c)) +
          define("CLASSES", static_cast<uint32_t>(plan.net.classes)) + define("LEARNS", learns ? 1 : 0);
  if (learns)
    text += define("STATE_BYTES", micro::state_image_bytes(plan.net.state_bytes)) + define("PAGE_BYTES", micro::kPageBytes);
  return text + kTypes + (learns ? kLearning : "") + kEnd;
}

std::string firmware_info(const FirmwarePlan& plan, const FirmwareSubject& subject) {
  const auto has_parameters = [](const micro::Layer& layer) { return layer.kind < micro::LayerKind::kMaxPool; };
  const auto layers = std::count_if(plan.layers.begin(), plan.layers.end(), has_parameters);
  std::string text =
      "\nconst intrain_net_info kInfo = {" + quoted(subject.title) + ", " + std::to_string(plan.net.identity) + "u";
  for (const int64_t value : {int64_t{subject.h}, int64_t{subject.w}, int64_t{subject.c}, int64_t{plan.net.classes},
                              int64_t{layers}, int64_t{plan.net.learning_layers}})
    text += ", " + std::to_string(value);
  const uint32_t state_bytes = plan.net.learning_layers > 0 ? micro::state_image_bytes(plan.net.state_bytes) : 0;
  return text + ", " + std::to_string(plan.net.arena_bytes) + "u, " + std::to_string(state_bytes) + "u};\n";
}

}  // namespace intrain
