"""Changes between two versions of the contract, and their effect on programs that rely on the old one.

A change is `breaking` if a program that kept to the old contract may fail, `warning` if somebody should look at it,
else `info`. The values that a request may have must not become fewer, and those that a response may have must not
become more. `operation` is the method and path of the operation in the old document, empty for a change of the whole
contract. `path` leads to the place where a consumer meets the change: "POST /gift response 200 application/json
tickets[].createdAt", "POST /gift request query limit"; `[]` is any item of a list, `[0]` the first, `*` any property
that isn't listed, `/^x/` one of a pattern, `(name)` its name, `(Cat)` an alternative of oneOf or anyOf, or one that a
discriminator tells apart.

One change is one finding, in however many places it is met: `met` lists them, `count` counts them. Each parameter,
body, answer and header is listed once, by a shortest way into it; beyond `collector.MOST_WAYS` places, without the way.
`id`, `level`, `text`, `operation` and `path` describe the finding at one of its worst places: the first, unless another
says more. The pointers lead to the place in each document, references followed; None means that there is no such place
on that side.

Every change is told: a keyword that no rule judges is a warning at its place, a component that nothing uses is info.
Only extensions (x-) are passed over, since they have no common meaning.

The measure is oasdiff's list of checks. We differ from it on purpose, since oasdiff

- reports the parts of an allOf: we merge them first, so that only their common meaning counts;
- takes a string with format date for a date-time: we don't, in either direction;
- passes over changes of credentials, or calls them info: we call it breaking if credentials that sufficed are refused;
- doesn't look at additionalProperties, uniqueItems, multipleOf, numbers of properties, style, explode,
  allowEmptyValue, response headers' schemas, limits that a response loses, a required property that a request must send
  since it is no longer read-only, or that never comes again since it became write-only: we judge them by the direction;
- tolerates a parameter that moved, and a property that a closed object no longer lists: we call both breaking;
- passes over the removal of a deprecated operation: we warn, as for renamed operationIds, tags and schemas;
- warns of a new limit or pattern in a request: we call it breaking, since requests that were accepted are refused;
- calls a status added that a range or default covered before: we compare it with these.

The modules build on each other: `rules` (the catalogue), `changes` (the result), `trees` (reading specs), `documents`
(walking them and their references), `twins` (equal places), `heirs` (schemas that a discriminator tells apart without a
oneOf), `views` (schemas as they apply), `facets` and `properties` (rules for schemas), `limits`, `schemas` and `unions`
(comparing two of them), `graph` (comparing all below them), `ways` (the ways to what changed), `collector` (the places
of findings); then, each for a part, `parameters`, `messages`, `webhooks`, `security`, `lifecycle` and `spec`; last
`accepted`, `sources` and `render`. The released client is tried apart: `plain_schemas` and `samples` (values to send
and to answer), `contracts` (operations as they are tried), `client` (its requests), `execution` (trying them).
"""
