"""What a program relies on at the public door, on the running system: tags, conditions, cursors, languages, strict JSON."""

import pytest

from .scene import Scene


def test_settings_are_changed_by_who_has_seen_them(scene: Scene) -> None:
    read = scene.operator.get("/settings")
    wanted = {**read.body, "draft_lifetime_hours": 24}
    del wanted["version"]
    unseen = scene.operator.send("PUT", "/settings", json=wanted)
    changed = scene.operator.put("/settings", wanted, if_match=read.headers["etag"])
    again = scene.operator.put("/settings", {**wanted, "draft_lifetime_hours": 48}, if_match=read.headers["etag"])
    assert [(each.status, each.code) for each in (unseen, changed, again)] == [
        (428, "precondition_required"),
        (200, None),
        (412, "precondition_failed"),
    ]
    assert scene.operator.get("/settings").headers["etag"] == changed.headers["etag"]


def test_a_tag_comes_through_the_door_strong_and_tells_what_is_known_already(scene: Scene) -> None:
    request = scene.draft(scene.contact())
    path = f"/requests/{request}"
    read = scene.camille.at.send("GET", path, headers={"Accept-Encoding": "gzip"})
    assert read.headers["etag"].startswith('"')
    known = scene.camille.at.send("GET", path, headers={"If-None-Match": read.headers["etag"]})
    assert (known.status, known.body, known.headers["etag"]) == (304, None, read.headers["etag"])
    stale = scene.camille.at.send(
        "POST", f"{path}/cancel", json={}, headers={"Idempotency-Key": "k", "If-Match": '"another"'}
    )
    assert (stale.status, stale.code) == (412, "precondition_failed")


@pytest.mark.parametrize("path", ["/requests", "/board"])
def test_a_cursor_is_good_for_its_own_list_alone(scene: Scene, path: str) -> None:
    requests = [scene.draft(scene.contact(), start=scene.monday(hour)) for hour in (9, 11, 14)]
    scene.until(lambda: len(scene.operator.get(path).body["requests"]), 3)
    first = scene.operator.get(path, limit=2).body
    second = scene.operator.get(path, limit=2, cursor=first["next_cursor"]).body
    found = [each["request_id"] for each in [*first["requests"], *second["requests"]]]
    assert (found, second["next_cursor"]) == ([str(each) for each in reversed(requests)], None)
    foreign = scene.operator.get(path, state="draft", cursor=first["next_cursor"])
    assert (foreign.status, foreign.code) == (422, "cursor_invalid")


def test_a_problem_speaks_the_language_asked_for(scene: Scene) -> None:
    path = f"/requests/{scene.organisation_id}"
    french = scene.camille.at.send("GET", path, headers={"Accept-Language": "fr"})
    english = scene.camille.at.send("GET", path, headers={"Accept-Language": "en"})
    assert [(each.code, each.body["title"], each.headers["content-language"]) for each in (french, english)] == [
        ("request_not_found", "Demande introuvable", "fr"),
        ("request_not_found", "Request not found", "en"),
    ]


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b'{"reason_code": "a", "reason_code": "b"}', "application/json", (400, "malformed_json")),
        (b'{"reason_code": ' + b"[" * 50_000, "application/json", (400, "too_deep")),
        (b'{"reason_code": NaN}', "application/json", (400, "malformed_json")),
        (b'{"reason_code": "a"}', "text/plain", (415, "unsupported_media_type")),
    ],
)
def test_json_means_one_thing(scene: Scene, content: bytes, kind: str, told: tuple[int, str]) -> None:
    request = scene.draft(scene.contact())
    headers = {"Idempotency-Key": "k", "Content-Type": kind}
    answer = scene.camille.at.send("POST", f"/requests/{request}/cancel", content=content, headers=headers)
    assert (answer.status, answer.code) == told
