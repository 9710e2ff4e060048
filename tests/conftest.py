"""Real servers for every test: one PostgreSQL and one Valkey a run, one database a test."""

pytest_plugins = [
    "tests.harness.servers",
    "tests.harness.imports",
    "tests.harness.web",
    "tests.harness.browser",
    "tests.harness.pango",
    "tests.harness.pooler",
    "tests.harness.site",
]
