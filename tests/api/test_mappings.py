"""Saved mappings over the API: kept, listed, shared, used, and deleted, with the same rules."""

BODY = {
    "name": "Fair",
    "columns": ["Mail", "Firm", "Shoe"],
    "mapping": ["email", "company", None],
    "constants": {"country": "Germany"},
    "tag": "fair",
    "rules": {"company": "keep"},
}
FILE = b"Mail,Firm,Shoe\nann@example.com,Acme,40\n"


def test_a_mapping_is_kept_shared_used_and_deleted(program):
    owner, other = program("owner"), program("outsider")
    made = owner.ask("POST", "/mappings", 201, json=BODY).json
    assert {key: made[key] for key in BODY} == BODY
    assert (made["own"], made["shared"]) == (True, False)
    assert other.ask("GET", "/mappings").json == {"items": []}
    path = f"/mappings/{made['id']}"
    other.ask("PATCH", path, 404, json={"name": "Mine"})

    shared = owner.ask("PATCH", path, json={"shared": True, "name": "Fairs"}).json
    assert (shared["name"], shared["shared"]) == ("Fairs", True)
    (listed,) = other.ask("GET", "/mappings").json["items"]
    assert (listed["own"], listed["mapping"]) == (False, BODY["mapping"])
    assert other.upload(FILE)["suggested_mapping"] == BODY["mapping"]

    for method, more in (("PATCH", {"json": {"name": "x"}}), ("DELETE", {})):
        refused = other.ask(method, path, 403, **more).json
        assert refused["code"] == "mapping_of_other"
    owner.ask("DELETE", path, 204)
    owner.ask("DELETE", path, 404)


def test_what_is_no_mapping_is_refused(program):
    owner, viewer = program("owner"), program("viewer")
    for change, pointer in (
        ({"mapping": ["email", "no field", None]}, "/mapping/1"),
        ({"mapping": ["email"]}, "/mapping"),
        ({"mapping": ["email", "email_", None]}, "/mapping/1"),
        ({"mapping": [None, None, None]}, "/mapping"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 81}, "/name"),
        ({"rules": {"city": "keep"}}, "/rules/city"),
        ({"constants": {"company": "Acme"}}, "/constants/company"),
    ):
        refused = owner.ask("POST", "/mappings", 422, json={**BODY, **change}).json
        assert refused["errors"][0]["pointer"] == pointer, change
    viewer.ask("POST", "/mappings", 403, json=BODY)
    owner.ask("POST", "/mappings", 201, json=BODY)
    second = owner.ask("POST", "/mappings", 201, json={**BODY, "name": "Other"}).json
    owner.ask("POST", "/mappings", 201, json=BODY)
    assert len(owner.ask("GET", "/mappings").json["items"]) == 2
    taken = owner.ask("PATCH", f"/mappings/{second['id']}", 409, json={"name": "Fair"}).json
    assert taken["code"] == "mapping_name_taken"
