"""Saved mappings: renamed, shared with the house, applied by themselves, and deleted."""

from tests.web.test_columns import PEOPLE, chosen
from tests.web.test_pages import bring
from webapp.imports import mappings
from webapp.models import MappingTemplate, User

TARGETS = {"column-0": "email", "column-1": "company", "column-2": ""}
SUGGESTED = ["email", "full_name", "custom:Shoe"]


def saved(browser, session, name: str = "Shoe shop", **fields) -> int:
    """The number of a mapping that this person keeps under a name."""
    browser.post(
        f"/imports/{bring(browser, PEOPLE)}/columns", {**TARGETS, "save_as": name, **fields}
    )
    session.expire_all()
    return session.query(MappingTemplate).filter_by(name=name).one().id


def new_file(browser, data: bytes = PEOPLE) -> list[str]:
    return chosen(browser.get(f"/imports/{bring(browser, data)}/columns"))


def test_a_mapping_is_renamed_shared_and_deleted_on_its_page(owner, outsider, session):
    number = saved(owner, session)
    page = f"/mappings/{number}"
    assert "Left out" in owner.get(page).text
    outsider.get(page, status=404)
    assert new_file(outsider) == SUGGESTED

    owner.post(page, {"name": "  Shoes  2026 ", "shared": "on"}, at=page)
    assert "Shoes 2026" in owner.get(page).text
    assert new_file(outsider) == ["email", "company", ""]
    shared = outsider.get(page)
    assert "Shared by" in shared.text
    assert 'name="shared"' not in shared.text
    outsider.post(page, {"name": "Mine"}, at="/imports", status=403)
    outsider.post(f"{page}/delete", {}, at="/imports", status=403)

    owner.post(page, {"name": "Shoes 2026"}, at=page)
    outsider.get(page, status=404)
    owner.post(f"{page}/delete", {}, at=page)
    owner.get(page, status=404)
    assert (
        session.query(MappingTemplate).filter(MappingTemplate.name.is_not(None)).count() == 0
    )


def test_an_administrator_changes_what_others_share_and_sees_nothing_else(
    owner, sign_in, session
):
    number, admin = saved(owner, session), sign_in("admin")
    page = f"/mappings/{number}"
    admin.get(page, status=404)
    owner.post(page, {"name": "Shoes", "shared": "on"}, at=page)
    admin.post(page, {"name": "Boots", "shared": "on"}, at=page)
    assert "Boots" in owner.get(page).text
    admin.post(f"{page}/delete", {}, at=page)
    owner.get(page, status=404)


def test_ones_own_comes_before_what_others_share(owner, outsider, session):
    page = f"/mappings/{saved(owner, session, 'Theirs')}"
    owner.post(page, {"name": "Theirs", "shared": "on"}, at=page)
    assert new_file(outsider) == ["email", "company", ""]

    # Who takes the suggestion all the same is not overruled by another person's mapping.
    plain = {f"column-{n}": target for n, target in enumerate(SUGGESTED)}
    outsider.post(f"/imports/{bring(outsider, PEOPLE)}/columns", plain)
    assert new_file(outsider) == SUGGESTED


def test_a_name_that_is_taken_or_none_is_refused(owner, session):
    saved(owner, session, "First")
    second = f"/mappings/{saved(owner, session, 'Second')}"
    taken = owner.post(second, {"name": "First"}, at=second, status=409)
    assert "You already have a mapping called “First”" in taken.text
    for name in ("", "   ", "x" * 81, "a\nb"):
        refused = owner.post(second, {"name": name}, at=second, status=422)
        assert "Use a name of at most 80 characters" in refused.text, name
    assert "Second" in owner.get(second).text


def test_the_list_says_whose_they_are_and_what_is_in_them(owner, outsider, session):
    page = f"/mappings/{saved(owner, session, 'Fair', tag='fair')}"
    owner.post(page, {"name": "Fair", "shared": "on"}, at=page)
    number = session.query(User).filter_by(email="outsider@example.com").one().id
    (one,) = mappings.saved(session, number)
    assert (one.name, one.shared, one.own, one.columns, one.tag) == (
        "Fair",
        True,
        False,
        2,
        "fair",
    )
    assert one.by
