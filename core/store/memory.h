#pragma once
/// The notes that plugins keep from one collection of a registry for the next.
#include "model/notes.h"
#include "store/store.h"

namespace portolan::store {

/// Those that were put for the same `good_for`; of another plugin or account there are none.
model::Notes notes(Reader&, Id registry, const std::string& good_for);

/// These take the place of all that there were, whatever those were good for.
void put_notes(Writer&, Id registry, const std::string& good_for, const model::Notes& notes);

}  // namespace portolan::store
