// selftest: whether this firmware, on this machine, with this model, keeps the library's promises. Ends with one line that a
// test bench can look for, and the exit code.
#include "../../core/kernels/arithmetic.h"
#include "mote/mote.h"
#include "open_model.h"
#include "port.h"
#include "print.h"
#include "settings.h"

using namespace mote;
using namespace mote::app;

namespace {

constexpr uint32_t steps = 8;             // tokens of each run
constexpr size_t guard_bytes = 64;        // on either side of the session's memory
constexpr uint8_t guard_pattern = 0x5c;

struct Tally {
    uint32_t checks = 0;
    uint32_t failures = 0;
};

void check(Tally& tally, bool good, const char* sentence) {
    tally.checks++;
    if (good) return;
    tally.failures++;
    Note() << "FAILED: " << sentence;
}

void fill(uint8_t* from, size_t bytes, uint8_t value) {
    for (size_t i = 0; i < bytes; i++) from[i] = value;
}

bool is_filled(const uint8_t* from, size_t bytes, uint8_t value) {
    for (size_t i = 0; i < bytes; i++)
        if (from[i] != value) return false;
    return true;
}

// Tokens that any model has: the first ones after 0 that its vocabulary holds.
uint32_t token_at(const Model& model, uint32_t i) { return (1 + i * 7) % model.architecture->vocab; }

// The digest of the logits after each of `steps` tokens, from `position` on; 0 if a step fails.
uint64_t digest_of_steps(Session& session, uint64_t digest_so_far, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        const uint32_t token = token_at(*session.model, i);
        const Result<Span<float>> logits = step(session, &token, 1);
        if (!logits.ok()) return 0;
        digest_so_far = digest(digest_so_far, Span<const float>(logits.value.data, logits.value.count));
    }
    return digest_so_far;
}

// Bits computed in double precision on a PC and rounded; square roots are exact, exponentials within 5e-7.
void check_arithmetic(Tally& tally) {
    check(tally, bits_of(square_root(2.0f)) == 0x3fb504f3u, "square root of 2");
    check(tally, bits_of(square_root(0.1f)) == 0x3ea1e89bu, "square root of 0.1");
    check(tally, bits_of(square_root(16777215.0f)) == 0x457fffffu, "square root of 2^24 - 1");
    check(tally, square_root_integer(2.0f) == square_root(2.0f), "square root by integers and by instruction");
    const float e = exponential(1.0f), tiny = exponential(-87.5f), half = sigmoid(0.0f);
    check(tally, e > 2.7182804f && e < 2.7182832f, "e^1");
    check(tally, tiny == 0.0f, "e^x below -87 is zero");
    check(tally, half > 0.4999997f && half < 0.5000003f, "sigmoid of 0");
    const volatile float big = 16777216.0f, one = 1.0f;
    check(tally, big + one == 16777216.0f && (big + 2.0f * one) == 16777218.0f, "rounding to nearest even");
}

// Only the fault, so that a session for each attempt does not lie on a small stack.
[[gnu::noinline]] Fault try_start(const Model& model, const Plan& p, uint8_t* arena, size_t bytes) {
    return start(model, p, arena, bytes).fault;
}

void check_plan(Tally& tally, const Model& model, const Plan& p, uint8_t* memory) {
    check(tally, try_start(model, p, memory, p.total).ok(), "a plan's total is enough");
    const Fault less = try_start(model, p, memory, p.total - 1);
    check(tally, less.error == Error::arena_too_small && less.found == p.total - 1 && less.allowed == p.total,
          "one byte less is refused, with both numbers");
    check(tally, try_start(model, p, memory + 4, p.total).error == Error::alignment, "an arena at a multiple of 4 only is refused");
}

// One session after another in memory of different contents.
uint64_t check_contents(Tally& tally, const Model& model, const Plan& p, uint8_t* memory) {
    static constexpr uint8_t contents[] = {0x00, 0xff, 0xa5};
    uint64_t first = 0;
    for (const uint8_t value : contents) {
        fill(memory, p.total, value);
        Result<Session> session = start(model, p, memory, p.total);
        const uint64_t own = session.ok() ? digest_of_steps(session.value, digest_start, 0, steps) : 0;
        if (value == contents[0]) first = own;
        check(tally, own != 0 && own == first, "the arena's previous contents change nothing");
    }
    return first;
}

void check_rewind(Tally& tally, const Model& model, const Plan& p, uint8_t* memory, uint64_t expected) {
    Result<Session> session = start(model, p, memory, p.total);
    if (!session.ok()) return check(tally, false, "a session starts");
    const uint64_t half = digest_of_steps(session.value, digest_start, 0, steps / 2);
    digest_of_steps(session.value, digest_start, steps / 2, steps);
    check(tally, rewind(session.value, steps / 2).ok(), "rewind");
    check(tally, digest_of_steps(session.value, half, steps / 2, steps) == expected, "steps after a rewind give the same logits");
    check(tally, rewind(session.value, steps + 1).error == Error::range, "rewind does not go forward");
    const uint32_t beyond = model.architecture->vocab;
    check(tally, step(session.value, &beyond, 1).fault.error == Error::token, "a token outside the vocabulary is refused");
    check(tally, position(session.value) == steps, "a refused step leaves the session as it was");
    check(tally, step(session.value, &beyond, 0).fault.error == Error::argument, "a step without tokens is refused");
}

// A prompt in one call gives the last logits that single steps give.
void check_tile(Tally& tally, const Model& model, const Plan& p, uint8_t* memory) {
    uint32_t tokens[steps];
    for (uint32_t i = 0; i < steps; i++) tokens[i] = token_at(model, i);
    Result<Session> session = start(model, p, memory, p.total);
    if (!session.ok()) return check(tally, false, "a session starts");
    const Result<Span<float>> whole = step(session.value, tokens, steps);
    const uint64_t expected = whole.ok() ? digest(digest_start, Span<const float>(whole.value.data, whole.value.count)) : 0;
    if (!rewind(session.value, steps - 1).ok()) return check(tally, false, "rewind");
    check(tally, digest_of_steps(session.value, digest_start, steps - 1, steps) == expected, "a prompt in one call and by steps");
}

void show_kernels(const Model& model, const Plan& plan, uint8_t* arena) {
    const Result<Session> session = start(model, plan, arena, plan.total);
    if (!session.ok()) return;  // check_contents tells
    const KernelChoice choice = kernel_choice(session.value);
    print("kernels ");
    print(choice.name);
    print(": ");
    print(choice.reason);
    print("\n");
}

void run_sessions(Tally& tally, const Model& model, const Settings& settings) {
    const port::Memory memory = port::arena();
    if (memory.bytes < 2 * guard_bytes) return check(tally, false, "there is an arena");
    uint8_t* const inside = memory.data + guard_bytes;
    const size_t room = memory.bytes - 2 * guard_bytes;
    Options options = settings.options;
    options.context = largest_context(model, options, room);
    if (options.context > 2 * steps) options.context = 2 * steps;
    if (options.context <= steps) return check(tally, false, "the arena has room for a context of 9 tokens");
    const Result<Plan> planned = plan(model, options);
    if (!planned.ok()) return check(tally, false, "a plan is made");
    const Plan& p = planned.value;

    fill(memory.data, guard_bytes, guard_pattern);
    fill(inside + p.total, guard_bytes, guard_pattern);
    check_plan(tally, model, p, inside);
    show_kernels(model, p, inside);
    const uint64_t expected = check_contents(tally, model, p, inside);
    check_rewind(tally, model, p, inside, expected);
    check_tile(tally, model, p, inside);
    check(tally, is_filled(memory.data, guard_bytes, guard_pattern), "nothing was written before the arena");
    check(tally, is_filled(inside + p.total, guard_bytes, guard_pattern), "nothing was written behind the arena");
    print("digest ");
    print_hex(expected);
    print("\n");
}

}  // namespace

int app_main() {
    const port::Memory memory = port::arena();
    Settings settings;
    size_t used = 0;
    if (const int code = read_settings(Span<uint8_t>(memory.data, memory.bytes), settings, used)) return code;
    const Result<Model> model = open_model(settings);
    if (!model.ok()) return report(model.fault);

    Tally tally;
    check_arithmetic(tally);
    run_sessions(tally, model.value, settings);
    const port::Stack stack = port::stack();
    check(tally, stack.bytes == 0 || stack.used < stack.bytes, "the stack was never full");
    Note() << "stack: " << stack.used << " of " << stack.bytes << " bytes";
    if (tally.failures) {
        print("mote selftest: FAILED (");
        print_number(tally.failures);
        print(" of ");
    } else {
        print("mote selftest: passed (");
    }
    print_number(tally.checks);
    print(" checks)\n");
    return tally.failures ? exit_error : 0;
}
