"""What changed between two versions of the contract, and what that means for those who rely on the old one.

A change is `breaking` if a program that kept to the old contract may fail, `warning` if somebody should look, else
`info`. What a request may say must not shrink, and what a response may say must not grow. `operation` is the method and
path that both sides share, in the old document's words, empty for what concerns the whole contract. `path` leads to
where a consumer meets the change: "POST /gift response 200 application/json tickets[].createdAt", "POST /gift request
query limit"; `[]` is any item of a list, `[0]` the first, `*` any property that isn't listed, `/^x/` one of a pattern,
`(name)` its name, `(Cat)` an alternative of oneOf or anyOf, or what a discriminator tells apart.

One change is one finding, wherever it is met: `met` lists the places, `count` counts them. Each parameter, body, answer
and header is listed once, by a shortest way into it; beyond `collector.MOST_WAYS` places, without the way. What a
finding is at the first of the worst places, it is called: `id`, `level`, `text`, `operation`, `path`. The pointers lead
to the place in each document, references followed; None says that there is no such place on that side.

No change is invisible: a keyword that no rule judges is a warning at its place, a component that nothing uses is info.
Only extensions (x-) say nothing that is shared.

The yardstick is oasdiff's list of checks. On purpose we differ where it

- reports, for an allOf, its parts: we merge first, so only what the parts say together counts;
- takes a string with format date for a date-time: it is none, in either direction;
- is silent, or speaks of info, on credentials: an operation that refuses the credentials that sufficed is breaking;
- doesn't look: additionalProperties, uniqueItems, multipleOf, numbers of properties, style, explode, allowEmptyValue,
  response headers' schemas, limits that a response loses, a required property that a request must send since it is no
  longer read-only, or that never comes again since it became write-only, are judged by the direction;
- finds a removal tolerable: a parameter that moved, a property that a closed object no longer lists are breaking;
- lets a deprecated operation go in silence: that is a warning, as are renamed operationIds, tags and schemas;
- warns of a limit or pattern that a request had not before: what was sent is refused, so it is breaking;
- calls a status that leaves a range or default added: it is compared with what stood for it.

How the modules build on each other: `rules` (the catalogue), `changes` (what comes out), `documents` (trees and their
references), `twins` (what says the same on both sides), `views` (schemas as they apply), `facets` and `properties`
(rules for schemas), `limits`, `schemas` and `unions` (comparing two of them), `graph` (comparing all below them),
`ways` (where that is met), `collector` (where findings get their place); then, each for a part, `parameters`,
`messages`, `webhooks`, `security`, `lifecycle` and `spec`; last `accepted`, `sources` and `render`. What the released
client makes of it is tried apart: `plain_schemas` and `samples` (values to send and to answer), `contracts` (operations
as they are tried), `client` (its requests), `execution` (what becomes of them).
"""
