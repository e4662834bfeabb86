"""`/docs`: the API's description as a page for people, rendered from the very description that programs read."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup, escape

from gateway.portals.pages import page

Json = dict[str, Any]

_METHODS = ("get", "post", "put")


def docs_routes() -> APIRouter:
    """The page; whoever reads it needs no account."""
    router = APIRouter()

    @router.get("/docs")
    async def read_docs(request: Request) -> Response:
        described = request.app.openapi()
        shown = Docs(described, base=str(request.base_url).rstrip("/"))
        return page(request, "docs/docs.html", session=None, docs=shown, info=described["info"])

    return router


class Docs:
    """A description, resolved and put in the order in which people read it."""

    def __init__(self, described: Json, *, base: str) -> None:
        self._described = described
        self.base = base

    @property
    def tags(self) -> list[Json]:
        """Each with its operations, in the order of their paths' declaration."""
        found = []
        for tag in self._described["tags"]:
            operations = [each for each in self._operations() if tag["name"] in each["tags"]]
            found.append({"name": tag["name"], "text": rich(tag["description"]), "operations": operations})
        return found

    @property
    def schemas(self) -> Iterator[tuple[str, Json]]:
        """What bodies are made of, by name."""
        for name, schema in sorted(self._described["components"]["schemas"].items()):
            yield name, {"text": rich(schema.get("description", "")), "members": self._members(schema)}

    @property
    def refusals(self) -> Iterator[tuple[str, Json]]:
        """Every code with its status and meaning."""
        for code, example in sorted(self._described["components"]["examples"].items()):
            yield code, {"status": example["value"]["status"], "text": rich(example["summary"])}

    @property
    def introduction(self) -> Markup:
        """What holds for all operations."""
        return rich(self._described["info"]["description"])

    @property
    def security(self) -> list[Markup]:
        """How to say who asks."""
        return [rich(each["description"]) for each in self._described["components"]["securitySchemes"].values()]

    def _operations(self) -> Iterator[Json]:
        for path, methods in self._described["paths"].items():
            for method in (each for each in _METHODS if each in methods):
                yield self._operation(path, method, methods[method])

    def _operation(self, path: str, method: str, operation: Json) -> Json:
        text = operation["description"].partition("\n\n**For:**")[0]
        parameters = [self._resolved(each) for each in operation["parameters"]]
        answers = {status: self._resolved(each) for status, each in operation["responses"].items()}
        good = {status: each for status, each in answers.items() if status.startswith("2")}
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        return {
            "id": operation["operationId"],
            "tags": operation["tags"],
            "method": method.upper(),
            "path": path,
            "summary": operation["summary"],
            "text": rich(text),
            "roles": operation["x-doorstep-roles"],
            "parameters": [self._parameter(each) for each in parameters],
            "body": None if body is None else {"kind": self._kind(body["schema"]), "examples": _examples(body)},
            "answers": [
                {
                    "status": status,
                    "text": rich(each["description"]),
                    "headers": [name for name in each["headers"] if name in ("ETag", "Preference-Applied")],
                    "kind": self._kind(content["schema"]),
                    "media": media,
                    "examples": _examples(content),
                }
                for status, each in good.items()
                for media, content in each["content"].items()
            ],
            "refusals": [
                (status, each.get("x-doorstep-codes", []), each["description"].partition(":")[0])
                for status, each in answers.items()
                if not status.startswith("2")
            ],
            "curl": self._curl(path, method, parameters, body),
        }

    def _parameter(self, parameter: Json) -> Json:
        return {
            "name": parameter["name"],
            "place": parameter["in"],
            "required": parameter["required"],
            "text": rich(parameter.get("description", "")),
            "kind": self._kind(parameter["schema"]),
            "default": parameter["schema"].get("default"),
        }

    def _curl(self, path: str, method: str, parameters: list[Json], body: Json | None) -> str:
        query = []
        lines = [
            "curl -sS" if method == "get" else f"curl -sS -X {method.upper()}",
            '-H "Authorization: Bearer $TOKEN"',
        ]
        for each in parameters:
            if each["in"] == "path":
                path = path.replace("{" + each["name"] + "}", str(each["example"]))
            elif each["in"] == "query" and each["required"]:
                query.append(f"{each['name']}={each['example']}")
            elif each["in"] == "header" and each["required"]:
                value = "$(uuidgen)" if each["name"] == "Idempotency-Key" else str(each["example"]).replace('"', '\\"')
                lines.append(f'-H "{each["name"]}: {value}"')
        if body is not None:
            first = next(iter(body["examples"].values()))["value"]
            text = json.dumps(first, ensure_ascii=False).replace("'", "'\\''")
            lines += ['-H "Content-Type: application/json"', f"-d '{text}'"]
        address = f"{self.base}{path}" + (f"?{'&'.join(query)}" if query else "")
        return " \\\n  ".join((*lines, f"'{address}'"))

    def _members(self, schema: Json) -> list[Json]:
        required = schema.get("required", [])
        return [
            {
                "name": name,
                "kind": self._kind(each),
                "required": name in required,
                "text": rich(each.get("description", "")),
            }
            for name, each in schema.get("properties", {}).items()
        ]

    def _kind(self, schema: Json) -> Markup:
        """What a value is, in a word or a link."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return Markup('<a href="#schema-{0}">{0}</a>').format(name)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return Markup(" or ").join(self._kind(each) for each in schema[word])
        if "const" in schema or "enum" in schema:
            values = [schema["const"]] if "const" in schema else schema["enum"]
            return Markup(", ").join(Markup("<code>{}</code>").format(json.dumps(each)) for each in values)
        if schema.get("type") == "array":
            return Markup("list of {}").format(self._kind(schema.get("items", {})))
        words = {"uuid": "id", "date-time": "instant", "date": "date"}
        return escape(words.get(schema.get("format", ""), schema.get("type", "any")))

    def _resolved(self, node: Json) -> Json:
        found = node
        if "$ref" in node:
            found = self._described
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
        return found


def _examples(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "example" in content:
        return [("", str(content["example"]))]
    return [
        (each["summary"], json.dumps(each["value"], indent=2, ensure_ascii=False))
        for each in content["examples"].values()
    ]


_MARKS = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*")


def rich(text: str) -> Markup:
    """Paragraphs with code, bold and emphasis: the little Markdown that the description uses. All else is escaped."""
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n") if each.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(_line(each)) for each in paragraphs)


def _line(text: str) -> Markup:
    made, at = Markup(""), 0
    for found in _MARKS.finditer(text):
        made += escape(text[at : found.start()])
        for name, value in zip(("code", "b", "em"), found.groups(), strict=True):
            if value is not None:
                made += Markup("<{0}>{1}</{0}>").format(Markup(name), value)  # noqa: S704 - a name of ours
        at = found.end()
    return made + escape(text[at:])
