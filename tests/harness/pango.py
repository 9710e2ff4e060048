"""A PDF needs Pango, which is a package of the system."""

import pytest

from webapp.vocabulary import messages


@pytest.fixture
def pango(ci):
    """Skips the test where Pango is missing; CI must have it."""
    try:
        import weasyprint  # noqa: F401, PLC0415
    except OSError:
        assert not ci, "Pango is missing, and CI must render PDFs"
        pytest.skip(messages.whole("pdf_without_pango"))
