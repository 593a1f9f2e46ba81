// say: a prompt in, text out. The whole way through the library, on a board or on a PC; read this one first.
#include "mote/mote.h"
#include "port.h"
#include "print.h"
#include "prompt.h"
#include "settings.h"

using namespace mote;
using namespace mote::app;

namespace {

void show(const Settings& settings, Decoder& decoder, uint32_t token) {
    if (settings.ids) {
        print_number(token);
        print(" ");
        return;
    }
    const DecodedText text = decode(decoder, token);
    print(text.head);
    print(text.body);
}

uint32_t milliseconds(uint64_t begin, uint64_t end) { return uint32_t((end - begin) / 1000); }

}  // namespace

int app_main() {
    const port::Memory whole = port::arena();
    Span<uint8_t> arena(whole.data, whole.bytes);
    Settings settings;
    size_t used = 0;
    if (const int code = read_settings(arena, settings, used)) return code;

    // The model is checked once, and used where it lies.
    const port::Image image = port::model(settings.model);
    const size_t bytes = image_size(image.data, image.bytes);
    const Result<Model> opened = open(image.data, bytes ? bytes : image.bytes);
    if (!opened.ok()) return report(opened.fault);
    const Model& model = opened.value;
    if (!settings.ids && model.tokenizer.vocab == 0) return report(Fault{Error::unsupported, 0, 0, 0});

    const Result<Span<uint32_t>> prompt = prompt_tokens(model, settings, used, arena);
    if (!prompt.ok()) return report(prompt.fault);

    // How much memory a session takes is known before it begins, to the byte.
    Options options = settings.options;
    if (options.context == 0) options.context = largest_context(model, options, arena.count);
    if (options.context == 0) options.context = 1;  // nothing fits: start() says how much is missing
    const Result<Plan> planned = plan(model, options);
    if (!planned.ok()) return report(planned.fault);
    Result<Session> started = start(model, planned.value, arena.data, arena.count);
    if (!started.ok()) return report(started.fault);
    Session& session = started.value;
    Result<Sampler> chooser = sampler(settings.sampler);
    if (!chooser.ok()) return report(chooser.fault);

    Decoder decoder;
    decoder.tokenizer = &model.tokenizer;
    decoder.show_special = settings.special;
    if (!settings.ids)
        for (const uint32_t token : prompt.value) show(settings, decoder, token);

    const uint32_t eos = model.tokenizer.vocab && !settings.ignore_eos ? model.tokenizer.header().eos : no_token;
    uint64_t digest_so_far = digest_start;
    uint32_t made = 0;
    const uint64_t begin = port::micros();
    Result<Span<float>> logits = step(session, prompt.value.data, prompt.value.count);
    const uint64_t prompt_done = port::micros();
    while (made < settings.count) {
        if (!logits.ok()) return report(logits.fault);
        if (settings.digest) digest_so_far = digest(digest_so_far, Span<const float>(logits.value.data, logits.value.count));
        const Result<uint32_t> token = sample(chooser.value, logits.value);
        if (!token.ok()) return report(token.fault);
        if (token.value == eos) break;
        made++;
        show(settings, decoder, token.value);
        if (made == settings.count || position(session) == options.context) break;
        logits = step(session, &token.value, 1);
    }
    const uint64_t end = port::micros();
    if (!settings.ids) print(flush(decoder));
    print("\n");
    if (settings.digest) {
        print("digest ");
        print_hex(digest_so_far);
        print("\n");
    }
    Note() << prompt.value.count << " tokens of prompt in " << milliseconds(begin, prompt_done) << " ms, " << made << " made in "
           << milliseconds(prompt_done, end) << " ms; context " << options.context << ", arena " << planned.value.total << " of "
           << whole.bytes << " bytes, stack " << port::stack().used << " of " << port::stack().bytes;
    return 0;
}
