"""A rule for each column, by the API: kept with the mapping, judged strictly, and done."""

import pytest

from webapp import jobs

HEADER = "ID,Email,First name,Last name,Phone,Street,City,Tags,Unsubscribed,Shoe size\n"
THERE = HEADER + (
    "1,ann@example.com,Ann,Miller,,Old Street 1,Oldtown,vip,yes,40\n"
    "2,ben@example.com,Ben,,,,Oldtown,,,\n"
)
FILE = HEADER + (
    "1,ann@example.com,Anna,Smith,+493012345,New Street 2,,new,no,44\n"
    "2,ben@example.com,Bob,Jones,,New Street 3,Oldtown,new,yes,45\n"
    "3,cid@example.com,Cid,Kane,,,,,yes,46\n"
)


def contact(program, email: str) -> dict:
    (found,) = program.ask("GET", f"/contacts?q={email}").json["items"]
    return found


def run(program, strategy: str, rules: dict, content: str = FILE, **mapping) -> dict:
    """The first contact afterwards."""
    program.run(THERE.encode())
    import_id = program.ready(content.encode(), rules=rules, **mapping)
    jobs.work(import_id)
    promised = program.ask(
        "GET", f"/imports/{import_id}/preview?duplicate_strategy={strategy}"
    ).json["outcomes"]
    program.execute(import_id, strategy)
    jobs.work(import_id)
    assert program.ask("GET", f"/imports/{import_id}").json["outcomes"] == promised
    return contact(program, "ann@example.com")


def test_an_update_replaces_but_for_what_has_another_rule(owner_program):
    rules = {
        "name": "keep",
        "street": "keep",
        "tags": "unite",
        "custom:Shoe size": "fill",
    }
    ann = run(owner_program, "update", rules)
    assert (ann["first_name"], ann["last_name"]) == ("Ann", "Miller")
    assert (ann["street"], ann["city"], ann["phone"]) == (
        "Old Street 1",
        "Oldtown",
        "+493012345",
    )
    assert ann["tags"] == ["vip", "new"]
    assert ann["custom"] == {"Unsubscribed": "yes", "Shoe size": "40"}

    # Rules touch contacts that are there: the new one has all of its row.
    cid = contact(owner_program, "cid@example.com")
    assert (cid["first_name"], cid["custom"]["Unsubscribed"]) == ("Cid", "yes")


def test_a_merge_fills_but_for_what_is_replaced(owner_program):
    rules = {"name": "replace", "tags": "none", "custom:Unsubscribed": None, "city": "keep"}
    ann = run(owner_program, "merge", rules)
    assert (ann["first_name"], ann["last_name"], ann["tags"]) == ("Anna", "Smith", ["vip"])
    assert ann["custom"] == {"Unsubscribed": "yes", "Shoe size": "40"}
    ben = contact(owner_program, "ben@example.com")
    assert (ben["street"], ben["custom"]["Unsubscribed"]) == ("New Street 3", "yes")


def test_a_merge_makes_no_name_of_two(owner_program):
    run(owner_program, "merge", {})
    ben = contact(owner_program, "ben@example.com")
    assert (ben["first_name"], ben["last_name"]) == ("Ben", None)


def test_an_address_goes_together_when_the_person_says_so(owner_program):
    ann = run(owner_program, "update", {"address": "replace"})
    assert (ann["street"], ann["city"]) == ("New Street 2", None)
    ben = contact(owner_program, "ben@example.com")
    assert (ben["street"], ben["city"]) == ("New Street 3", "Oldtown")


def test_an_address_is_filled_only_where_there_is_no_other(owner_program):
    ann = run(owner_program, "update", {"address": "fill"})
    assert (ann["street"], ann["city"]) == ("Old Street 1", "Oldtown")
    ben = contact(owner_program, "ben@example.com")
    assert (ben["street"], ben["city"]) == ("New Street 3", "Oldtown")


def test_whether_one_may_write_to_a_person_is_kept_unasked(owner_program):
    ann = run(owner_program, "update", {})
    assert ann["custom"]["Unsubscribed"] == "yes"
    imports = owner_program.ask("GET", "/imports").json["items"]
    assert imports[0]["options"]["rules"] == {"custom:Unsubscribed": "keep"}


@pytest.mark.parametrize("rule", [None, "replace"])
def test_unless_the_person_says_otherwise(owner_program, rule):
    ann = run(owner_program, "update", {"custom:Unsubscribed": rule})
    assert ann["custom"]["Unsubscribed"] == "no"


def test_the_word_that_empties_comes_before_a_rule(owner_program):
    content = HEADER + "1,ann@example.com,,-,,-,,-,-,\n"
    rules = {"name": "keep", "street": "fill", "tags": "none"}
    ann = run(owner_program, "update", rules, content, clear_token="-")
    assert (ann["first_name"], ann["last_name"], ann["street"], ann["tags"]) == (
        "Ann",
        None,
        None,
        [],
    )
    assert ann["custom"] == {"Shoe size": "40"}


def test_a_phone_that_cannot_be_read_replaces_none_whatever_the_rule(owner_program):
    first = HEADER + "1,ann@example.com,,,+493012345,,,,,\n"
    ann = run(owner_program, "merge", {"phone": "replace"}, first)
    assert ann["phone"] == "+493012345"
    import_id = owner_program.ready(
        (HEADER + "1,ann@example.com,,,call me,,,,,\n").encode(), rules={"phone": "replace"}
    )
    owner_program.execute(import_id, "merge")
    jobs.work(import_id)
    assert contact(owner_program, "ann@example.com")["phone"] == "+493012345"


@pytest.mark.parametrize(
    ("there", "cell", "after"),
    [
        ("Dr.,Ann,M.,Miller,PhD", "ann MILLER", ("Dr.", "ann", "M.", "MILLER", "PhD")),
        ("Dr.,Ann,M.,Miller,", "Prof. Ann Maria Miller Jr.", ("Dr.", "Ann", "Maria", "Miller", "Jr.")),
        ("Dr.,Ann,M.,Miller,PhD", "Ann Smith", (None, "Ann", None, "Smith", None)),
        ("Dr.,Ann,,Miller,", "Zucchero", (None, "Zucchero", None, None, None)),
        ("Dr.,Ann,,Miller,", "", ("Dr.", "Ann", None, "Miller", None)),
    ],
)  # fmt: skip
def test_a_whole_name_replaces_a_whole_name(owner_program, there, cell, after):
    parts = ("prefix", "first_name", "middle_name", "last_name", "suffix")
    head = "Prefix,First name,Middle name,Last name,Suffix,Email\n"
    owner_program.run(f"{head}{there},w@example.com\n".encode())
    owner_program.run(f"Name,Email\n{cell},w@example.com\n".encode(), "update")
    found = contact(owner_program, "w@example.com")
    assert tuple(found[part] for part in parts) == after


@pytest.mark.parametrize(
    ("rules", "pointer", "words"),
    [
        ({"first_name": "keep"}, "/rules/first_name", "one rule"),
        ({"full_name": "keep"}, "/rules/full_name", "one rule"),
        ({"shoes": "keep"}, "/rules/shoes", "No column is matched to “shoes”"),
        ({"company": "keep"}, "/rules/company", "No column is matched to"),
        ({"custom:No/such": "keep"}, "/rules/custom:No~1such", "No column is matched to"),
        ({"house_number": "keep"}, "/rules/house_number", "No column is matched to"),
        ({"address": "keep", "city": "fill"}, "/rules/city", "The whole address"),
        ({"phone": "unite"}, "/rules/phone", "Only tags"),
        ({"phone": "sometimes"}, "/rules/phone", None),
        ({"phone": True}, "/rules/phone", None),
        (["phone"], "/rules", None),
    ],
)
def test_a_rule_that_fits_no_column_is_refused(owner_program, rules, pointer, words):
    found = owner_program.upload(FILE.encode())
    body = {"mapping": found["suggested_mapping"], "rules": rules}
    path = f"/imports/{found['import_id']}"
    refused = owner_program.ask("PUT", f"{path}/mapping", 422, json=body).json
    assert refused["errors"][0]["pointer"] == pointer
    assert words is None or words in refused["errors"][0]["detail"]
    assert owner_program.ask("GET", path).json["state"] == "uploaded"


def test_a_value_for_all_rows_has_a_rule_and_a_tag_takes_none_away(owner_program):
    ann = run(
        owner_program,
        "update",
        {"country": "keep"},
        "Email,Tags\nann@example.com,new\n",
        constants={"country": "Germany"},
        tag="fair",
    )
    assert (ann["country"], ann["tags"]) == (None, ["vip", "new", "fair"])
