"""What the examples of schemathesis leave out: they would be refused as they should, whatever the description says."""

import schemathesis


def _means_something(values):
    """No cursor (only a page before gives one), no control character (refused in every target)."""
    texts = [value for value in (values or {}).values() if isinstance(value, str)]
    return "cursor" not in (values or {}) and not any(ord(c) < 32 or ord(c) == 127 for text in texts for c in text)


@schemathesis.hook
def filter_query(_context, query):
    return _means_something(query)


@schemathesis.hook
def filter_path_parameters(_context, path_parameters):
    return _means_something(path_parameters)
