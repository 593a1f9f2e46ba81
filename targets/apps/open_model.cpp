// open_model: what the port has may go on behind the model, as flash does; the model says how much of it is its own.
#include "open_model.h"

#include "port.h"
#include "print.h"

namespace mote::app {

Result<Model> open_model(const Settings& settings) {
    const port::Image image = port::model(settings.model);
    if (!image.data) Note() << "-m must name a file that can be read";
    const size_t own_bytes = image_size(image.data, image.bytes);
    const Result<Model> model = open(image.data, own_bytes ? own_bytes : image.bytes);
#ifdef MOTE_PARTS_TEXT
    if (model.fault.error == Error::left_out) Note() << "this firmware has: " MOTE_PARTS_TEXT;
#endif
    return model;
}

}  // namespace mote::app
