// mote: fixed-memory inference of GPT-style language models. Everything a program includes.
//
//   open(image) -> Model    plan(model, options) -> Plan    start(model, plan, arena) -> Session
//   step(session, tokens) -> logits    sample(sampler, logits) -> token    encode / decode text
#pragma once

#include "mote/digest.h"
#include "mote/model.h"
#include "mote/plan.h"
#include "mote/sampler.h"
#include "mote/session.h"
#include "mote/tokenizer.h"
