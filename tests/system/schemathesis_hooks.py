"""What the examples of schemathesis leave out: they would be refused as they should, whatever the description says."""

from urllib.parse import unquote

import schemathesis
from schemathesis import GenerationMode


def _plain(values):
    """Without control characters, which are refused in every target."""
    texts = [unquote(value) for value in (values or {}).values() if isinstance(value, str)]
    return not any(ord(character) < 32 or ord(character) == 127 for text in texts for character in text)


@schemathesis.hook
def filter_query(_context, query):
    return _plain(query)


@schemathesis.hook
def filter_path_parameters(_context, path_parameters):
    return _plain(path_parameters)


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """A made-up cursor is none: only a page before gives one. Where all is meant to be right, it is left out."""
    if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE and case.query:
        case.query.pop("cursor", None)
