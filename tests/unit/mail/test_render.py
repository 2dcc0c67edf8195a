"""The mails: what stands in each, and what no stranger can put there."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.mail.render import Letterhead, UnknownKey, render
from edge_auth.mail.stream_record import UnreadableRecord
from edge_auth.mail.templates import OURS, Templates, UnknownMail
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import Kind, Proof
from tests.support.mail_records import (
    ADDRESS,
    BINDING,
    EXPIRES_AT_SECONDS,
    KEY,
    KEYS,
    LETTERHEAD,
    PAGES_URL,
    PROOF_ID,
    challenge,
    notice,
)
from tests.support.people import ADA_ID

PAGES = {"reset": "reset-password", "confirm": "confirm-address", "undo": "undo-address"}
NOTICES = (
    *("account_locked", "factor_changed", "factors_reset", "new_address", "new_device", "new_password"),
    *("passkey_added", "passkey_removed", "recovery_code_used", "recovery_codes_replaced"),
)
HOSTILE = "<b>\"'&\r\nBcc: eve@example.com\x00\u202e https://evil.example</b>"


class Seen(HTMLParser):
    """Reads a page: its tags, their attributes, and its text."""

    def __init__(self, page: str) -> None:
        """Read this page."""
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.text += data


@pytest.mark.parametrize("kind", PAGES)
def test_a_mail_has_the_link_and_the_code_of_its_proof(kind: str) -> None:
    """SM1, SM2: a code beside every link, which begins with the parameter. The API will accept both."""
    proof = Proof(Kind(kind), PROOF_ID, ADA_ID, EXPIRES_AT_SECONDS, BINDING)

    mail = render(challenge(kind), KEYS, LETTERHEAD)

    [link] = re.findall(r"https://\S+", mail.text)
    page, _, token = link.partition("#")
    assert page == f"{PAGES_URL}/{PAGES[kind]}"
    assert proof_token.parse(token, KEYS, Kind(kind), now_seconds=EXPIRES_AT_SECONDS - 1) == proof
    code = proof_token.code(proof, KEY)
    assert re.findall(r"\b[0-9]{8}\b", mail.text) == [code]
    seen = Seen(mail.html)
    assert [value for name, value in seen.attributes if name == "href"] == [link]
    assert seen.text.count(link) == seen.text.count(code) == 1
    assert mail.to == ADDRESS


def test_the_same_record_is_always_the_same_mail() -> None:
    """A record that Lambda passes on twice brings no second code."""
    assert render(challenge(), KEYS, LETTERHEAD) == render(challenge(), KEYS, LETTERHEAD)


def test_another_challenge_has_another_code() -> None:
    """Else the test above would hold for a constant."""
    other = render(challenge(binding={"B": "AAAA" * 8}), KEYS, LETTERHEAD)

    assert other.text != render(challenge(), KEYS, LETTERHEAD).text


def test_a_mail_says_until_when_its_link_is_valid() -> None:
    """The time is in the item, so a mail that comes late says it right."""
    assert "2026-09-21 14:16 UTC" in render(challenge(expires_at={"N": "1790000160"}), KEYS, LETTERHEAD).text


def test_a_notice_has_no_link_and_no_code() -> None:
    """It tells something, and mail users learn that such a mail never asks them to open a page."""
    for name in NOTICES:
        mail = render(notice(name), {}, LETTERHEAD)
        assert "http" not in mail.text
        assert "href" not in mail.html
        assert not re.search(r"\b[0-9]{8}\b", mail.text)


def test_a_notice_of_a_new_device_says_when_where_and_on_what() -> None:
    """By this the user knows whether it was they."""
    text = render(notice(), {}, LETTERHEAD).text

    assert "Time: 2026-09-21 14:13 UTC\nDevice: Firefox, Linux\nNetwork: 192.0.2.0/24\n" in text


def test_every_mail_exists_in_every_language_with_the_same_values() -> None:
    """A missing file or value would be noticed only by users of that language."""
    assert OURS.languages == {"en", "de"}
    for language in OURS.languages:
        assert OURS.mails(language) == {*PAGES, *NOTICES, "first_password"}
        for mail in OURS.mails(language):
            assert values(OURS, mail, language) == values(OURS, mail, "en"), (language, mail)


def values(templates: Templates, mail: str, language: str) -> list[str]:
    """Return the values that stand in each text of a mail, and where a link or a code stands by itself."""
    texts = templates.find(mail, language)
    alone = [paragraph.template for paragraph in texts.paragraphs if paragraph.template in {"$link", "$code"}]
    every = [*texts.subject.get_identifiers(), "/"]
    return [*every, *sorted({name for paragraph in texts.paragraphs for name in paragraph.get_identifiers()}), *alone]


def test_a_language_is_a_folder_of_files(tmp_path: Path) -> None:
    """A team adds one without a change of code."""
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "reset.txt").write_text("Mot de passe de $service\n\nPour l'ouvrir & <lire>\n\n$link\n\n$code\n")

    mail = render(challenge(language={"S": "fr-CH"}), KEYS, LETTERHEAD, Templates(tmp_path))

    assert (mail.subject, mail.language) == ("Mot de passe de Example Notes", "fr")
    assert mail.text.startswith("Pour l'ouvrir & <lire>\n\nhttps://")
    assert '<html lang="fr">' in mail.html
    assert "Pour l'ouvrir &amp; &lt;lire&gt;</p>" in mail.html


@pytest.mark.parametrize(
    ("users", "deployments", "used"),
    [("de", "en", "de"), ("de-AT", "en", "de"), ("DE", "en", "de"), ("", "de", "de"), ("tlh", "de", "de")],
)
def test_the_language_is_the_users_or_that_of_the_deployment(users: str, deployments: str, used: str) -> None:
    """A language that nobody wrote texts for is no reason to send no mail."""
    mail = render(challenge(language={"S": users}), KEYS, LETTERHEAD._replace(language=deployments))

    assert mail.language == used
    assert f'<html lang="{used}">' in mail.html


@pytest.mark.parametrize("language", ["../en", "en/../de", "..", ".", "en\x00"])
def test_a_language_is_no_path(language: str) -> None:
    """A user chooses it. It is compared with the folders' names, and opens no file."""
    assert render(challenge(language={"S": language}), KEYS, LETTERHEAD).language == "en"


TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from([HOSTILE, "$link", "${code}", "%s", "{0}"])


@given(name=TEXTS.filter(bool), service=TEXTS)
def test_no_value_becomes_markup(name: str, service: str) -> None:
    """SM4: whatever a name is, a mail has the same tags, the same attributes and the same number of lines."""
    letterhead = Letterhead(PAGES_URL, service, "en")
    plain, mail = render(challenge(), KEYS, LETTERHEAD), render(challenge(username={"S": name}), KEYS, letterhead)

    expected, seen = Seen(plain.html), Seen(mail.html)
    assert (seen.tags, seen.attributes) == (expected.tags, expected.attributes)
    assert len(mail.text.splitlines()) == len(plain.text.splitlines())
    assert mail.subject.isprintable()
    shown = "".join(character for character in name if character.isprintable())
    assert f"for the user {shown}." in mail.text
    assert f"for the user {shown}." in unescape(mail.html)


@given(user_agent=TEXTS, network=TEXTS)
def test_no_client_writes_into_the_mail_of_its_user(user_agent: str, network: str) -> None:
    """A stranger who knows the password also chooses the user agent, and could send the user to a page of theirs."""
    mail = render(notice(details={"user_agent": user_agent, "network": network, "at": "x"}), {}, LETTERHEAD)

    [device] = re.findall(r"^Device: (.*)$", mail.text, re.MULTILINE)
    assert re.fullmatch(r"[A-Za-z0-9_ ,?-]*", device)
    assert Seen(mail.html).tags == Seen(render(notice(), {}, LETTERHEAD).html).tags


def test_a_mail_to_an_address_that_is_not_confirmed_has_no_word_of_a_stranger() -> None:
    """Everyone may ask to confirm any address. With a name in it, our mail could carry another's message."""
    mails = {
        render(challenge("confirm", username={"S": name}), KEYS, LETTERHEAD) for name in ("ada", HOSTILE, "win a prize")
    }

    assert len(mails) == 1


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_reset_without_a_name_has_a_text_of_its_own(language: str) -> None:
    """SC1: it says that the address is confirmed by it. Link and code are those of every reset."""
    record = challenge("reset", username={"S": ""})
    letterhead = LETTERHEAD._replace(language=language)
    named, unnamed = render(challenge("reset"), KEYS, letterhead), render(record, KEYS, letterhead)

    assert "ada" in named.text
    assert "ada" not in unnamed.text
    for pattern in (r"https://\S+", r"\b[0-9]{8}\b"):
        assert re.findall(pattern, unnamed.text) == re.findall(pattern, named.text) != []


def test_html_loads_nothing() -> None:
    """No picture, no font, no script: opening a mail tells nobody."""
    nameless = challenge("reset", username={"S": ""})
    for language in OURS.languages:
        for record in (*map(challenge, PAGES), nameless, *map(notice, NOTICES)):
            seen = Seen(render(record, KEYS, LETTERHEAD._replace(language=language)).html)
            assert set(seen.tags) <= {"html", "head", "meta", "title", "body", "div", "p", "a"}
            assert {name for name, _ in seen.attributes} <= {"lang", "charset", "name", "content", "style", "href"}
            assert not any("url(" in str(value) for _, value in seen.attributes)


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "ada@example.com,eve@example.com",
        "Ada <ada@example.com>",
        "ada@example.com\n",
        "ada@example.com ",
        "ada@@example.com",
        "ada@eve@example.com",
        '"ada b"@example.com',
        "ada@example",
        "ada@[192.0.2.1]",
        "ada@exämple.com",
        ".ada@example.com",
        "@example.com",
        "",
        f"{'a' * 243}@example.com",
    ],
)
def test_an_address_is_one_address_and_nothing_else(address: str) -> None:
    """No text becomes a second recipient or another header. Such an item is never sent."""
    with pytest.raises(UnreadableRecord, match="email"):
        render(challenge(email={"S": address}), KEYS, LETTERHEAD)


@pytest.mark.parametrize(
    "address", [f"{'a' * 64}@example.com", "a.b+c@sub.example.com", "o'brien@example.co.uk", "x@xn--exmple-cua.com"]
)
def test_an_address_that_people_have_is_sent_to(address: str) -> None:
    """The same check lets these through."""
    assert render(challenge(email={"S": address}), KEYS, LETTERHEAD).to == address


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pk", None),
        ("email", None),
        ("email", {"N": "1"}),
        ("user_id", {"S": "x"}),
        ("user_id", None),
        ("proof_id", {"S": "AAAA"}),
        ("proof_id", None),
        ("binding", {"B": "AAAA"}),
        ("binding", {"B": "?"}),
        ("binding", {"B": "\u00e9"}),  # Python's decoder has another error for this
        ("expires_at", {"N": "9" * 5000}),  # Python converts no text of so many digits
        ("mac_key_id", {"S": "key-1"}),
        ("expires_at", {"N": "-1"}),
        ("expires_at", {"N": "99999999999"}),
        ("username", {"N": "1"}),
    ],
)
def test_a_damaged_item_is_unreadable(name: str, value: dict[str, str] | None) -> None:
    """It is never half a mail."""
    record = challenge()
    record["dynamodb"]["NewImage"][name] = value

    with pytest.raises(UnreadableRecord):
        render(record, KEYS, LETTERHEAD)


@pytest.mark.parametrize("record", [{}, {"dynamodb": None}, {"dynamodb": {}}, {"dynamodb": {"NewImage": []}}])
def test_a_record_of_another_form_is_unreadable(record: dict[str, object]) -> None:
    """As a test event of another service."""
    with pytest.raises(UnreadableRecord):
        render(record, KEYS, LETTERHEAD)


@pytest.mark.parametrize("kind", ["mfa", "enrol", "passkey", "new_device", "", "../en/reset"])
def test_a_kind_without_a_mail_is_refused(kind: str) -> None:
    """The proof of a login's second step is never mailed, whatever an item asks for."""
    with pytest.raises(UnknownMail):
        render(challenge(kind), KEYS, LETTERHEAD)


@pytest.mark.parametrize("name", ["reset", "unheard_of", "../de/reset"])
def test_a_notice_that_nobody_wrote_is_refused(name: str) -> None:
    """The mail of a proof is no notice either."""
    with pytest.raises(UnknownMail):
        render(notice(name), {}, LETTERHEAD)


def test_a_proof_of_a_key_that_has_ended_is_not_mailed() -> None:
    """The API would refuse it."""
    with pytest.raises(UnknownKey):
        render(challenge(), {}, LETTERHEAD)
