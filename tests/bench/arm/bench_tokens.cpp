// bench_tokens: decodes `positions` tokens of the model in the board's model memory, each between the marks.
#include "../../kernels_board/harness.h"
#include "count.h"
#include "mote/mote.h"

using namespace mote;

namespace {

constexpr uint32_t positions = 256;

}  // namespace

int app_main() {
    const port::Image image = port::model("model");
    const port::Memory arena = port::arena();
    const Result<Model> model = open(image.data, image_size(image.data, image.bytes));
    if (!model.ok()) return 1;
    Options options;
    options.context = positions;
    options.tile = 1;
    const Result<Plan> planned = plan(model.value, options);
    if (!planned.ok()) return 2;
    Result<Session> session = start(model.value, planned.value, arena.data, arena.bytes);
    if (!session.ok()) return 3;
    for (uint32_t i = 0; i < positions; i++) {
        const uint32_t token = (1 + i * 7) % model.value.architecture->vocab;
        MOTE_COUNT_BEGIN();
        const Result<Span<float>> logits = step(session.value, &token, 1);
        MOTE_COUNT_END();
        if (!logits.ok()) return 4;
        board_test::print("token "), board_test::print(i), board_test::print("\n");
    }
    return 0;
}
