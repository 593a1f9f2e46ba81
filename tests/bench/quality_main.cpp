// quality_main: prints the table of losses, or writes it to its place in the source tree with --write.
#include <cstdio>
#include <cstring>

#include "base/files.h"
#include "bench/quality.h"

int main(int argc, char** argv) {
    const std::vector<mote::bench::QualityTable> tables = mote::bench::measure_quality(MOTE_SHARED_DATA);
    if (tables.empty()) {
        std::fprintf(stderr, "quality: the checkpoints below %s are absent\n", MOTE_SHARED_DATA);
        return 1;
    }
    const std::string text = mote::bench::quality_markdown(tables);
    if (argc == 2 && std::strcmp(argv[1], "--write") == 0) mote::tools::write_whole(MOTE_QUALITY_TABLE, text);
    else std::fputs(text.c_str(), stdout);
    return 0;
}
