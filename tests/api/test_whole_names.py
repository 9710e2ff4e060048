"""A column of whole names by the API: its order, and an update that leaves no half of a name."""

from webapp import jobs


def run(program, body: str, strategy: str, **mapping) -> None:
    import_id = program.ready(body.encode(), **mapping)
    program.execute(import_id, strategy)
    jobs.work(import_id)


def contact(program, email: str) -> dict:
    (found,) = program.ask("GET", f"/contacts?q={email}").json["items"]
    return found


def test_a_whole_name_over_another_is_the_only_one(owner_program):
    program = owner_program
    run(
        program,
        "Prefix,First name,Middle name,Last name,Email\nDr.,Wilma,Eva,Ort,w@example.com\n",
        "skip",
    )
    run(program, "Name,Email\nZucchero,w@example.com\n", "update")
    found = contact(program, "w@example.com")
    parts = ("prefix", "first_name", "middle_name", "last_name", "suffix")
    assert [found[part] for part in parts] == [None, "Zucchero", None, None, None]


def test_a_merge_fills_what_is_blank_and_empties_nothing(owner_program):
    program = owner_program
    run(program, "First name,Last name,Email\nWilma,Ort,w@example.com\n", "skip")
    run(program, "Name,Email\nZucchero,w@example.com\n", "merge")
    found = contact(program, "w@example.com")
    assert (found["first_name"], found["last_name"]) == ("Wilma", "Ort")


def test_the_order_of_a_column_is_chosen_and_remembered(owner_program):
    program = owner_program
    body = "Name,Email\nSzabo Anna,{}@example.com\n"
    run(program, body.format("a"), "skip", name_order="family_first")
    assert contact(program, "a@example.com")["last_name"] == "Szabo"

    again = program.upload(body.format("b").encode())
    assert again["suggested_mapping"] == ["full_name_family_first", "email"]


def test_another_order_is_refused(owner_program):
    import_id = owner_program.upload(b"Name,Email\nA B,a@example.com\n")["import_id"]
    answer = owner_program.ask(
        "PUT",
        f"/imports/{import_id}/mapping",
        422,
        json={"mapping": ["full_name", "email"], "name_order": "middle_first"},
    )
    assert answer.json["errors"][0]["pointer"] == "/name_order"


def test_a_calling_code_makes_a_number_whole(owner_program):
    run(
        owner_program,
        "Name,Email,Country Code,Phone\nWilma Ort,w@example.com,+49,1701234567\n",
        "skip",
        default_country="US",
    )
    assert contact(owner_program, "w@example.com")["phone"] == "+491701234567"
