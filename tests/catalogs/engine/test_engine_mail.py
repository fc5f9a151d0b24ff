"""Letters by a real SMTP server on this machine: plain, with a password over STARTTLS, over TLS; and when it fails."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import email
import ipaddress
import socketserver
import ssl
import threading
from email.message import Message
from typing import TYPE_CHECKING, Any

import pytest

from armillary.catalogs.engine.mail import tell_by_mail
from armillary.catalogs.front import Running
from armillary.errors import ParameterError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME, PASSWORD = "sender", "a secret"


class MailHandler(socketserver.StreamRequestHandler):
    """Speaks SMTP (RFC 5321), STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954) as far as a sender needs it."""

    server: MailServer

    def setup(self) -> None:
        if self.server.form == "tls":
            self.request = self.server.trust.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def say(self, *lines: str) -> None:
        for number, line in enumerate(lines):
            mark = "-" if number < len(lines) - 1 else " "
            self.wfile.write(f"{line[:3]}{mark}{line[4:]}\r\n".encode())

    def handle(self) -> None:
        self.say("220 here")
        secure, known = self.server.form == "tls", False
        while line := self.rfile.readline():
            word = line.split()[0].upper()
            if word == b"EHLO":
                more = ["250 STARTTLS"] if self.server.form == "starttls" and not secure else []
                self.say("250 here", *more, "250 AUTH PLAIN")
            elif word == b"STARTTLS":
                self.say("220 go on")
                self.request = self.server.trust.wrap_socket(self.request, server_side=True)
                socketserver.StreamRequestHandler.setup(self)
                secure = True
            elif word == b"AUTH":
                self.server.words.append(base64.b64decode(line.split()[2]).decode())
                known = self.server.words[-1] == f"\0{NAME}\0{PASSWORD}"
                self.say("235 welcome" if known else "535 no")
            elif word == b"DATA":
                self.say("354 go on")
                self.server.letters.append((self.letter(), secure, known))
                self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def letter(self) -> Message:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        return email.message_from_bytes(b"".join(lines))


class MailServer(socketserver.TCPServer):
    letters: list[tuple[Message, bool, bool]]
    words: list[str]
    form: str
    trust: ssl.SSLContext

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust it goes away."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine and its key, for an hour."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("mail") / "both.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextlib.contextmanager
def mail_server(form: str, certificate: Path) -> Iterator[tuple[MailServer, dict[str, str]]]:
    with MailServer(("127.0.0.1", 0), MailHandler) as server:
        server.letters, server.words, server.form = [], [], form
        server.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.trust.load_cert_chain(certificate)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        words = {
            "ARMILLARY_SMTP_HOST": "127.0.0.1",
            "ARMILLARY_SMTP_PORT": str(server.server_address[1]),
            "ARMILLARY_SMTP_SECURITY": form,
            "ARMILLARY_SMTP_FROM": "catalogs@example.org",
        }
        try:
            yield server, words
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("form", ["none", "starttls", "tls"])
def test_letters_arrive(form: str, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    login = {} if form == "none" else {"ARMILLARY_SMTP_USER": NAME, "ARMILLARY_SMTP_PASSWORD": PASSWORD}
    with mail_server(form, certificate) as (server, words):
        assert tell_by_mail("me@example.org", "Über die Sterne", "fertig\n.\nzwei\n", {**words, **login})
    ((letter, secure, known),) = server.letters
    assert (secure, known) == (form != "none", form != "none")
    subject = email.header.make_header(email.header.decode_header(letter["Subject"]))
    assert (letter["To"], letter["From"], str(subject)) == ("me@example.org", "catalogs@example.org", "Über die Sterne")
    assert letter.get_payload().replace("\r\n", "\n").startswith("fertig\n.")


@pytest.mark.parametrize("form", ["starttls", "tls"])
def test_no_password_goes_to_a_server_that_is_not_trusted(
    form: str, certificate: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    login = {"ARMILLARY_SMTP_USER": NAME, "ARMILLARY_SMTP_PASSWORD": PASSWORD}
    with mail_server(form, certificate) as (server, words):
        assert not tell_by_mail("me@example.org", "x", "y", {**words, **login})
    assert not server.letters
    assert not server.words
    assert "no letter could be sent" in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("words", [{"ARMILLARY_SMTP_PORT": "1"}, {"ARMILLARY_SMTP_PORT": "many"}])
def test_without_a_server_the_work_is_done_all_the_same(
    words: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    assert not tell_by_mail("me@example.org", "x", "y", {"ARMILLARY_SMTP_HOST": "127.0.0.1", **words})
    assert "no letter could be sent to me@example.org" in caplog.text


def test_a_wrong_password_is_told(certificate: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server("starttls", certificate) as (server, words):
        wrong = {"ARMILLARY_SMTP_USER": NAME, "ARMILLARY_SMTP_PASSWORD": "other"}
        assert not tell_by_mail("me@example.org", "x", "y", {**words, **wrong})
    assert not server.letters
    assert "no letter could be sent" in caplog.text


@pytest.mark.parametrize(
    ("error", "said", "raised"),
    [
        (None, "work is done", None),
        (ParameterError("columns", "there is none"), "columns: there is none", ParameterError),
        (OSError(5, "Input/output error"), "The storage failed (Input/output error)", UnavailableError),
        (KeyError("secret"), "KeyError", KeyError),
    ],
)
def test_success_and_failure_are_told(
    error: Exception | None, said: str, raised: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server("none", certificate) as (server, words):
        for name, word in words.items():
            monkeypatch.setenv(name, word)
        expected = pytest.raises(raised) if raised else contextlib.nullcontext()
        with expected, Running(completion_email_address="me@example.org").started("work"):
            if error is not None:
                raise error
    ((letter, _, _),) = server.letters
    assert said in letter.get_payload()
    assert letter["Subject"] == f"Armillary: work {'failed' if error else 'is done'}"
    assert "secret" not in letter.as_string()
