"""The texts of the mails: a folder for each language, with a file for each mail.

The first line of a file is the subject. Then come paragraphs, with an empty line between. `$name` stands for a value
(`string.Template`). A paragraph that is only `$link` or only `$code` is shown as such. A new language is one more
folder.
"""

from functools import lru_cache
from pathlib import Path
from string import Template
from typing import NamedTuple

__all__ = ["Templates", "UnknownMail"]

FOLDER = Path(__file__).with_name("languages")
LINK, CODE = "$link", "$code"


class MailTexts(NamedTuple):
    """The texts of one mail in one language. `language` is the folder's name, a language tag of RFC 5646."""

    language: str
    subject: Template
    paragraphs: tuple[Template, ...]


class UnknownMail(Exception):
    """There is no such mail in any of the languages that were asked for."""


class Templates:
    """The texts in a folder of languages."""

    def __init__(self, folder: Path) -> None:
        """Use this folder. A file is read when its mail is sent first."""
        self._folder = folder
        self.languages = frozenset(path.name for path in folder.iterdir() if path.is_dir())
        self._read = lru_cache(maxsize=None)(self._from_file)

    def find(self, mail: str, *languages: str) -> MailTexts:
        """Return the mail in the first of these languages that there is: `de` also serves `de-AT`.

        Raises:
            UnknownMail: no language has it.

        """
        for language in languages:
            for tag in (language.lower(), language.lower().partition("-")[0]):
                if tag in self.languages and mail in self.mails(tag):
                    return self._read(tag, mail)
        raise UnknownMail("there is no such mail")

    def mails(self, language: str) -> frozenset[str]:
        """Return the names of the mails of a language."""
        return frozenset(path.stem for path in (self._folder / language).glob("*.txt"))

    def _from_file(self, language: str, mail: str) -> MailTexts:
        text = (self._folder / language / f"{mail}.txt").read_text(encoding="utf-8")
        subject, *paragraphs = text.strip().split("\n\n")
        return MailTexts(language, Template(subject), tuple(Template(paragraph) for paragraph in paragraphs))


OURS = Templates(FOLDER)
"""The texts that come with the layer."""
