// say: a prompt in, text out. The whole way through the library, on a board or on a PC; read this one first.
#include "mote/mote.h"
#include "open_model.h"
#include "port.h"
#include "print.h"
#include "prompt.h"
#include "settings.h"

using namespace mote;
using namespace mote::app;

namespace {

// How much memory a session takes is known before it begins, to the byte.
Result<Session> begin_session(const Model& model, Options options, Span<uint8_t> arena) {
    if (options.context == 0) options.context = largest_context(model, options, arena.count);
    if (options.context == 0) options.context = 1;  // nothing fits: start() says how much is missing
    const Result<Plan> planned = plan(model, options);
    if (!planned.ok()) return planned.fault;
    return start(model, planned.value, arena.data, arena.count);
}

void show(const Settings& settings, Decoder& decoder, uint32_t token) {
    if (settings.ids) return print_number(token);
    const DecodedText text = decode(decoder, token);
    print(text.head);
    print(text.body);
}

void print_digest(uint64_t value) {
    print("digest ");
    print_hex(value);
    print("\n");
}

uint32_t milliseconds(uint64_t begin, uint64_t end) { return uint32_t((end - begin) / 1000); }

// Reads tokens and chooses the one that follows.
Result<uint32_t> next_token(Session& session, Span<const uint32_t> read, Sampler& sampler, uint64_t* digest_so_far) {
    if (session.plan.greedy) return step_greedy(session, read.data, read.count);
    const Result<Span<float>> logits = step(session, read.data, read.count);
    if (!logits.ok()) return logits.fault;
    if (digest_so_far) *digest_so_far = digest(*digest_so_far, Span<const float>(logits.value.data, logits.value.count));
    return sample(sampler, logits.value);
}

int generate(const Settings& settings, Session& session, Span<const uint32_t> prompt) {
    const Tokenizer& tokenizer = session.model->tokenizer;
    Result<Sampler> chooser = sampler(settings.sampler);
    if (!chooser.ok()) return report(chooser.fault);
    Decoder decoder;
    decoder.tokenizer = &tokenizer;
    decoder.show_special = settings.special;
    if (!settings.ids)
        for (const uint32_t token : prompt) show(settings, decoder, token);

    const uint32_t eos = tokenizer.vocab && !settings.ignore_eos ? tokenizer.header().eos : no_token;
    uint64_t digest_so_far = digest_start;
    uint32_t made = 0;
    const uint64_t begin = port::micros();
    Result<uint32_t> token = next_token(session, prompt, chooser.value, settings.digest ? &digest_so_far : nullptr);
    const uint64_t prompt_done = port::micros();
    while (token.ok() && made < settings.count) {
        if (token.value == eos) break;
        if (settings.ids && made > 0) print(" ");
        made++;
        show(settings, decoder, token.value);
        if (made == settings.count || position(session) == session.plan.context) break;
        token = next_token(session, {&token.value, 1}, chooser.value, settings.digest ? &digest_so_far : nullptr);
    }
    const uint64_t end = port::micros();
    if (!token.ok()) return report(token.fault);
    if (!settings.ids) print(flush(decoder));
    print("\n");
    if (settings.digest) print_digest(digest_so_far);
    Note() << "prompt: " << prompt.count << " tokens, " << milliseconds(begin, prompt_done) << " ms; generated: " << made
           << " tokens, " << milliseconds(prompt_done, end) << " ms";
    return 0;
}

}  // namespace

int app_main() {
    const port::Memory memory = port::arena();
    Span<uint8_t> arena(memory.data, memory.bytes);
    Settings settings;
    size_t used = 0;
    if (const int code = read_settings(arena, settings, used)) return code;

    // The model is checked once, and used where it lies.
    const Result<Model> model = open_model(settings);
    if (!model.ok()) return report(model.fault);
    if (!settings.ids && model.value.tokenizer.vocab == 0) return report(Fault{Error::unsupported, 0, 0, 0});

    // The prompt's tokens stay at the end of the arena; the session has what lies before them.
    const Result<Span<uint32_t>> prompt = prompt_tokens(model.value, settings, used, arena);
    if (!prompt.ok()) return report(prompt.fault);
    settings.options.greedy = settings.sampler.temperature == 0 && !settings.digest;
    Result<Session> session = begin_session(model.value, settings.options, arena);
    if (!session.ok()) return report(session.fault);
    const Span<const uint32_t> tokens(prompt.value.data, prompt.value.count);
    if (const int code = generate(settings, session.value, tokens)) return code;

    const port::Stack stack = port::stack();
    Note() << "context " << session.value.plan.context << "; arena: " << session.value.plan.total << " of " << memory.bytes
           << " bytes; stack: " << stack.used << " of " << stack.bytes;
    return 0;
}
