// bench: how long a token takes, by the port's clock. Under an emulator the figures are the emulator's, not the board's.
#include "mote/mote.h"
#include "open_model.h"
#include "port.h"
#include "print.h"
#include "settings.h"

using namespace mote;
using namespace mote::app;

namespace {

constexpr uint32_t default_count = 32;  // tokens of prompt, and as many one by one

struct Timing {
    uint32_t tokens = 0;
    uint64_t micros = 0;
};

// Microseconds; no decimals where a token takes longer than that.
void print_row(const char* name, const Timing& t) {
    print(name);
    print("  tokens ");
    print_number(t.tokens);
    print("  us ");
    print_number(t.micros);
    print("  us/token ");
    print_number(t.tokens ? t.micros / t.tokens : 0);
    print("  tokens/s ");
    print_number(t.micros ? uint64_t(t.tokens) * 1000000u / t.micros : 0);
    print("\n");
}

// The prompt's tokens lie behind the session; any ids do, for no time depends on them.
Fault run(Session& session, Span<uint32_t> prompt, uint32_t count, Timing& prompt_time, Timing& decode_time) {
    uint64_t begin = port::micros();
    const Result<Span<float>> first = step(session, prompt.data, prompt.count);
    prompt_time = Timing{uint32_t(prompt.count), port::micros() - begin};
    if (!first.ok()) return first.fault;
    begin = port::micros();
    for (uint32_t i = 0; i < count; i++) {
        const Result<Span<float>> logits = step(session, prompt.data + i % prompt.count, 1);
        if (!logits.ok()) return logits.fault;
    }
    decode_time = Timing{count, port::micros() - begin};
    return Fault{};
}

}  // namespace

int app_main() {
    const port::Memory memory = port::arena();
    Span<uint8_t> arena(memory.data, memory.bytes);
    Settings settings;
    size_t used = 0;
    if (const int code = read_settings(arena, settings, used)) return code;
    const Result<Model> model = open_model(settings);
    if (!model.ok()) return report(model.fault);

    const uint32_t most = largest_context(model.value, settings.options, arena.count) / 2;
    uint32_t count = settings.count == no_limit ? default_count : settings.count;
    if (count > most) count = most;
    const size_t prompt_bytes = (size_t(count) * 4 + 15) / 16 * 16;
    Options options = settings.options;
    if (options.context == 0) options.context = largest_context(model.value, options, arena.count - prompt_bytes);
    if (count > options.context / 2) count = options.context / 2;
    if (count == 0) return report_usage("-c", "is too small, or the arena is");
    arena.count = arena.count / 16 * 16 - prompt_bytes;
    const Span<uint32_t> prompt(reinterpret_cast<uint32_t*>(arena.data + arena.count), count);
    for (uint32_t i = 0; i < count; i++) prompt[i] = (1 + i * 7) % model.value.architecture->vocab;

    const Result<Plan> planned = plan(model.value, options);
    if (!planned.ok()) return report(planned.fault);
    Result<Session> session = start(model.value, planned.value, arena.data, arena.count);
    if (!session.ok()) return report(session.fault);
    Timing prompt_time, decode_time;
    const Fault fault = run(session.value, prompt, count, prompt_time, decode_time);
    if (!fault.ok()) return report(fault);
    print_row("prompt", prompt_time);
    print_row("decode", decode_time);
    Note() << "context " << options.context << ", tile " << planned.value.tile << "; arena: " << planned.value.total << " of "
           << memory.bytes << " bytes; stack: " << port::stack().used << " of " << port::stack().bytes;
    return 0;
}
