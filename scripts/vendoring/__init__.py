"""Vendoring: from the vendor's pages to one checked document in openapi/.

`vendored` (its files) is used by every script. Above it, `validation` (with `specification`, the rules of OpenAPI),
`parsing` and `fragments`, `merge`, `pages` and `sources` build on each other.
"""
