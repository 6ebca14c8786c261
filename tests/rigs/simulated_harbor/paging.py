"""Pages, `q`, `sort`, `X-Total-Count` and `Link` as Harbor's API has them (oddities included)."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from .http_server import ApiError, json_response

BAD_QUERY = 'the query string must contain "=" and the key/value cannot be empty'


def wrap64(number):
    """Go's int64 arithmetic: a huge page number overflows."""
    return (number + 2**63) % 2**64 - 2**63


def invalid(message):
    return ApiError(422, "UNPROCESSABLE_ENTITY", f"validation failure list:\n{message}")


def integer(request, name, default):
    text = request.param(name)
    if text is None or text == "":
        return default
    if re.fullmatch(r"[+-]?\d+", text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    raise invalid(f'{name} in query must be of type int64: "{text}"')


@dataclass
class Listing:
    """The page, filter and order that a request asks for."""

    page: int
    size: int
    conditions: list = field(default_factory=list)  # (key, operator, value)
    sort: list = field(default_factory=list)  # (key, descending)

    @classmethod
    def of(cls, request):
        page, size = integer(request, "page", 1), integer(request, "page_size", 10)
        if size > 100:
            raise invalid("page_size in query should be less than or equal to 100")
        sort = [s.strip() for s in (request.param("sort") or "").split(",") if s.strip()]
        order = [(key.lstrip("-"), key.startswith("-")) for key in sort]
        return cls(page, size, conditions(request.param("q") or ""), order)

    def value(self, key):
        return next((value for name, _, value in self.conditions if name == key), None)

    def cut(self, rows):
        if self.size <= 0:
            return rows
        start = max(0, wrap64((self.page - 1) * self.size))
        return rows[start : start + self.size]

    def link(self, request, total):
        """Relative, its query not escaped, a blank before the comma."""
        if self.size == 0:
            return None
        links = []
        if self.page > 1 and wrap64((self.page - 1) * self.size) < total:
            links.append(self.link_to(request, self.page - 1, "prev"))
        if wrap64(self.page * self.size) < total:
            links.append(self.link_to(request, wrap64(self.page + 1), "next"))
        return " , ".join(links) or None

    def link_to(self, request, page, relation):
        values = dict(request.pairs) | {"page": page, "page_size": self.size}
        query = "&".join(f"{key}={values[key]}" for key in sorted(values))
        path = re.sub(r"/{2,}", "/", request.path)
        return f'<{path}?{query}>; rel="{relation}"'


def conditions(text):
    """`a=b,c=~d,e=[1~2],f={x y},g=(x y)`; 400 without key or value. Harbor decodes it once more."""
    result = []
    for part in [p for p in unquote_plus(text).split(",") if p]:
        key, equals, value = part.partition("=")
        if not (key and equals and value):
            raise ApiError(400, "BAD_REQUEST", BAD_QUERY)
        if value.startswith("~"):
            result.append((key, "~", value[1:]))
        elif value[0] + value[-1] in ("{}", "()"):
            result.append((key, "in", value[1:-1].split()))
        elif value[0] + value[-1] == "[]" and "~" in value:
            result.append((key, "range", value[1:-1].split("~")))
        else:
            result.append((key, "=", value))
    return result


def matches(value, operator, wanted):
    if isinstance(value, bool):
        return value == (wanted == "true")  # anything else counts as false
    if operator == "~":
        return wanted in str(value)
    if operator == "in":
        return str(value) in wanted
    if operator == "range":
        return (not wanted[0] or str(value) >= wanted[0]) and (
            not wanted[1] or str(value) <= wanted[1]
        )
    return str(value) == wanted


def select(listing, rows, keys, default_sort):
    """Rows that pass the filter, in order; keys: name -> function of a row. Others are ignored."""
    for key, operator, wanted in listing.conditions:
        if key in keys:
            rows = [row for row in rows if matches(keys[key](row), operator, wanted)]
    order = [(key, down) for key, down in listing.sort if key in keys] or default_sort
    for key, descending in reversed(order):
        rows = sorted(rows, key=keys[key], reverse=descending)
    return rows


def page_response(request, listing, rows, view, headers=None):
    """The page of rows, each shown by view, with the paging headers."""
    more = {"X-Total-Count": str(len(rows)), **(headers or {})}
    if link := listing.link(request, len(rows)):
        more["Link"] = link
    return json_response([view(row) for row in listing.cut(rows)], headers=more)
