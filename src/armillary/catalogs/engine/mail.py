"""A letter when a piece of work ended, well or not."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

TIMEOUT_S = 20.0


def tell_by_mail(address: str, subject: str, text: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send a letter by the SMTP server that the environment names; whether it was taken. Never raises.

    Parameters
    ----------
    environment
        ``ARMILLARY_SMTP_HOST`` (``localhost``), ``ARMILLARY_SMTP_PORT`` (25), ``ARMILLARY_SMTP_USER`` and
        ``ARMILLARY_SMTP_PASSWORD`` (none), ``ARMILLARY_SMTP_SECURITY`` (``none``, ``starttls``, ``tls``),
        ``ARMILLARY_SMTP_FROM`` (the address itself).
    """
    import smtplib
    import ssl
    from email.message import EmailMessage

    words = {key: environment.get(f"ARMILLARY_SMTP_{key}", "") for key in ("HOST", "PORT", "USER", "PASSWORD", "FROM")}
    security = environment.get("ARMILLARY_SMTP_SECURITY", "none").lower()
    letter = EmailMessage()
    letter["To"], letter["From"], letter["Subject"] = address, words["FROM"] or address, subject
    letter.set_content(text)
    try:
        where: tuple[str, int] = words["HOST"] or "localhost", int(words["PORT"] or 0)
        trust = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(*where, timeout=TIMEOUT_S, context=trust)
            if security == "tls"
            else smtplib.SMTP(*where, timeout=TIMEOUT_S)
        ) as server:
            if security == "starttls":
                server.starttls(context=trust)
            if words["USER"]:
                server.login(words["USER"], words["PASSWORD"])
            server.send_message(letter)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        log.warning("no letter could be sent to %s: %s", address, error)
        return False
    return True
