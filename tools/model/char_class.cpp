// char_class: asked of ICU.
#include "model/char_class.h"

#include <unicode/uchar.h>

namespace mote::tools {

CharClass class_of(uint32_t code_point) {
    const UChar32 c = static_cast<UChar32>(code_point);
    if (U_GET_GC_MASK(c) & U_GC_L_MASK) return CharClass::letter;
    if (U_GET_GC_MASK(c) & U_GC_N_MASK) return CharClass::number;
    return u_isUWhiteSpace(c) ? CharClass::space : CharClass::other;
}

}  // namespace mote::tools
