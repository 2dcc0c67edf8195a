"""Bodies that no client of good will sends: damaged JSON, damaged forms, and values of other types."""

from typing import Any

OTHERS = '"username":"z","refresh_token":"x","password":"y"'
DAMAGED_JSON = [
    *("", " ", "{", "}", "{}{}", "x", "'", "null", "true", "1", '"text"', "[]", "\ud800", "\0"),
    '[{"refresh_token":"x"}]',
    *(f"{{{OTHERS},}}", OTHERS, f"{{{OTHERS}}} //", f"\ufeff{{{OTHERS}}}", '{"refresh_token":"\n"}'),
    *("{'refresh_token':'x'}", '{refresh_token:"x"}', '{"refresh_token":"\\x"}'),
    *(f'{{{OTHERS},"{name}":"x"}}' for name in ("username", "refresh_token", "password", "pass\\u0077ord")),
    *(f'{{{OTHERS},"more":{value}}}' for value in ('{"a":1,"a":1}', '[[{"deep":[{"a":1,"\\u0061":2}]}]]')),
    *(f'{{{OTHERS},"more":{value}}}' for value in ("NaN", "Infinity", "[-Infinity]", "9" * 5000)),
    *("[" * 8000, '{"a":' * 1600, '{"refresh_token":' + "[" * 4000 + "]" * 4000 + "}"),
]
ODD_VALUES: list[Any] = [None, True, False, 0, 1, -1.5, 10**400, [], ["x"], {}, {"S": "x"}, "", "\ud800", "x\udfff"]
OTHER_FIELDS = "token=x&refresh_token=x&grant_type=refresh_token"
DAMAGED_FORMS = [
    *("", "x", "&", "token", "\ud800", "token&&grant_type=refresh_token", f"{OTHER_FIELDS}&{OTHER_FIELDS}"),
    *(f"{OTHER_FIELDS}&token&refresh_token", f"{OTHER_FIELDS}&%74oken=x&refresh%5ftoken=x"),
    OTHER_FIELDS.replace("x", "\u00e9"),
    *(OTHER_FIELDS.replace("x", "%ff"), OTHER_FIELDS.replace("x", "%ED%A0%80")),
    *("grant_type=refresh_token&token=&refresh_token=", "grant_type=refresh_token&Token=x&REFRESH_TOKEN=x"),
    f"{OTHER_FIELDS}&" + "&".join(f"a{n}=" for n in range(30)),
]
