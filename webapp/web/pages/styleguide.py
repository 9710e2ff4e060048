"""Every piece of which pages are made, with its name, for those who build the next page."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_login import login_required

from webapp.vocabulary.outcomes import STORED_OUTCOMES, Outcome
from webapp.web.access import refuse_others

blueprint = Blueprint("styleguide", __name__)
SPRITE = "vendor/lucide-1.62.0.svg"
OUTCOMES = {
    Outcome.CREATED: 450,
    Outcome.MERGED: 89,
    Outcome.UNCHANGED: 6,
    Outcome.INVALID: 44,
    Outcome.CONFLICT: 11,
}


@blueprint.get("/styleguide")
@login_required
def show() -> ResponseReturnValue:
    """All pieces on one page; its own words are English, since it speaks to developers."""
    refuse_others("admin")
    now = datetime.now(UTC)

    return render_template(
        "styleguide.html",
        outcomes=OUTCOMES,
        total=sum(OUTCOMES.values()),
        everything=dict.fromkeys(STORED_OUTCOMES, 10),
        now=now,
        yesterday=now - timedelta(days=1),
        long_ago=now - timedelta(days=400),
        icons=_icons(),
    )


def _icons() -> list[str]:
    sprite = (Path(current_app.static_folder or "") / SPRITE).read_text()
    return re.findall(r'<symbol id="([\w-]+)"', sprite)
