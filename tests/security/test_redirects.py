"""Where signing in, signing out and refusals may lead."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.browsers import Browser
from tests.security.attacks import Attacker, keys, short
from website.models import User

pytestmark = pytest.mark.django_db

EVIL = "evil.example"
HOSTILE = [
    f"https://{EVIL}",
    f"//{EVIL}",
    f"///{EVIL}",
    f"////{EVIL}",
    f"/\\{EVIL}",
    f"\\\\{EVIL}",
    f"\\/{EVIL}",
    f"http:///{EVIL}",
    f"https:{EVIL}",
    f"https:/{EVIL}",
    f"\x08//{EVIL}",
    f" //{EVIL}",
    f"\t//{EVIL}",
    f"/\t/{EVIL}",
    f"\u00a0//{EVIL}",
    f"//testserver@{EVIL}",
    f"//testserver:80@{EVIL}",
    f"https://testserver.{EVIL}",
    f"https://{EVIL}#testserver",
    f"https://{EVIL}?testserver/",
    f"https://{EVIL}\\@testserver/",
    f"http://[::1]@{EVIL}/",
    "http://[",
    "http://[::1",
    "https://testserve\u0433/",
    f"ftp://{EVIL}",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "http://testserver:81/",
    "http://localhost/",
    f"https://{EVIL}\r\nSet-Cookie: injected=1",
    f"//{EVIL}/\x00",
    "//" + "a" * 10240,
]
SAFE_BUT_ODD = [
    f"/..//{EVIL}",
    f"/%2f%2f{EVIL}",
    f"/.{EVIL}",
    f"/%5c%5c{EVIL}",
    "/x\r\nSet-Cookie: injected=1",
    "/x%0d%0aSet-Cookie:%20injected=1",
    "/x\x00",
    "/\u00e9\u0433\U0001f600",
    "/login",
    "/logout",
    "/login?next=/logout",
]


def leads_away(location: str) -> bool:
    """Tell whether a browser at http://testserver would leave it, or run something."""
    stripped = location.strip("".join(map(chr, range(33)))).replace("\\", "/")
    for character in "\t\r\n":
        stripped = stripped.replace(character, "")
    parts = urlsplit(stripped)
    elsewhere = parts.netloc not in {"", "testserver"} or stripped.startswith("//")
    return elsewhere or parts.scheme not in {"", "http", "https"}


def check(response: Any) -> None:
    """Exactly one safe Location, and no header that was not meant."""
    location = response.headers["Location"]
    assert not leads_away(location)
    assert location.isascii()
    assert not set("\r\n\x00") & set(location)
    assert "injected" not in response.cookies


@pytest.mark.parametrize("target", [*HOSTILE, *SAFE_BUT_ODD], ids=short)
@pytest.mark.parametrize("where", ["query", "body"])
def test_signing_in_leads_nowhere_else(
    attack: Attacker, either: Browser, alice: User, target: str, where: str
) -> None:
    """G1-G5"""
    form = {"username": "alice", "password": "pw"}
    path = "/login"
    if where == "body":
        form["next"] = target
    else:
        path += f"?next=/safe&next={quote(target)}"

    response = attack(either, "post", path, form, new_rows=1)

    assert response.status_code == 302
    check(response)
    if target in HOSTILE:
        assert response.headers["Location"] == "/accounts/profile/"


@pytest.mark.parametrize("target", [*HOSTILE, *SAFE_BUT_ODD], ids=short)
def test_signing_out_leads_nowhere_else(
    attack: Attacker, either: Browser, alice: User, target: str
) -> None:
    """G1-G5: it ends the session, and shows its own page or redirects within the site."""
    either.verb("sign_in", alice)

    response = attack(either, "post", "/logout", {"next": target})

    assert keys() == set()
    if target in HOSTILE:
        assert (response.status_code, response.headers.get("Location")) in {
            (200, None),
            (302, "/logout"),
        }
    if response.status_code == 302:
        check(response)


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("target", [*HOSTILE, *SAFE_BUT_ODD], ids=short)
def test_a_refusal_names_its_own_path_alone(
    attack: Attacker, either: Browser, db: None, method: str, target: str
) -> None:
    """G1, G3: a `next` in the refused address stays part of that address."""
    path = either.path("private/")

    response = attack(either, method, f"{path}?next={quote(target)}")

    check(response)
    parts = urlsplit(response.headers["Location"])
    assert parts.path == "/login"
    (target_of_sign_in,) = parse_qs(parts.query).get("next", [path])
    assert urlsplit(target_of_sign_in).path == path


@pytest.mark.parametrize(
    "path", ["//{evil}/{s}/private/", "/{s}/private/?//{evil}", "/{s}/private/?\\{evil}"]
)
def test_a_hostile_path_is_no_way_back(
    attack: Attacker, browser: Browser, db: None, path: str
) -> None:
    """G1"""
    response = attack(browser, "get", path.format(evil=EVIL, s=browser.views))
    if response.status_code == 302:
        check(response)
        (back,) = parse_qs(urlsplit(response.headers["Location"]).query)["next"]
        assert not leads_away(back)
    else:
        assert response.status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_refused_change_is_not_come_back_to(
    attack: Attacker, browser: Browser, db: None, method: str
) -> None:
    """G6: nothing is replayed after signing in."""
    response = attack(browser, method, "private/?a=b")

    assert response.headers["Location"] == "/login"


@pytest.mark.parametrize("length", [2000, 2047, 2048, 4000, 10240, 60000])
@pytest.mark.parametrize("character", ["a", "%", "\u00e9", "/"])
def test_a_long_path_is_refused_like_a_short_one(
    attack: Attacker, either: Browser, db: None, length: int, character: str
) -> None:
    """G3: above 2048 characters there is no way back, and never an error."""
    response = attack(either, "get", f"private/?q={quote(character * length, safe='/')}")

    assert response.status_code == 302
    assert len(response.headers["Location"]) < 8000
    check(response)


@pytest.mark.parametrize(
    "current",
    [
        *HOSTILE,
        *(f"http://testserver{path}" for path in SAFE_BUT_ODD),
        f"http://testserver//{EVIL}",
        f"http://testserver/\\{EVIL}",
        f"http://testserver\\{EVIL}",
        f"http://testserver@{EVIL}/",
        f"http://testserver:80@{EVIL}/",
        "https://testserver/",
        "x" * 10240,
        "%0d%0a",
        "?",
        "#",
        "",
    ],
    ids=short,
)
@pytest.mark.parametrize("encoded", [False, True])
def test_htmx_is_sent_nowhere_else(
    attack: Attacker, either: Browser, db: None, current: str, encoded: bool
) -> None:
    """G1-G3: HX-Current-URL comes from outside like everything else."""
    if encoded:
        headers = {"HX-Current-URL": quote(current), "HX-Current-URL-URI-AutoEncoded": "true"}
    else:
        headers = {"HX-Current-URL": current.encode().decode("latin-1")}

    response = attack(either, "get", "ajax/", headers={"HX-Request": "true"} | headers)

    assert response.status_code == 401
    redirect = response.headers["HX-Redirect"]
    assert urlsplit(redirect).path == "/login"
    assert redirect.isascii()
    back = parse_qs(urlsplit(redirect).query).get("next", ["/"])
    assert len(back) == 1
    assert not leads_away(back[0])
    assert EVIL not in urlsplit(back[0]).netloc
    assert "injected" not in response.cookies


@pytest.mark.parametrize("forged", [{"X-Forwarded-Host": EVIL}, {"X-Forwarded-Proto": "https"}])
def test_forwarded_headers_choose_no_target(
    attack: Attacker, either: Browser, db: None, forged: dict[str, str]
) -> None:
    """E7: unless the site is configured to trust them."""
    headers = {"HX-Request": "true", "HX-Current-URL": f"https://{EVIL}/x"} | forged

    response = attack(either, "get", "ajax/", headers=headers)
    refused = attack(either, "get", "private/", headers=forged)

    assert response.headers["HX-Redirect"] == "/login"
    assert refused.headers["Location"] == f"/login?next={either.path('private/')}"


@pytest.mark.parametrize("target", ["http://testserver/x", "http://testserver:443/x"])
def test_on_https_nothing_leads_back_to_http(
    attack: Attacker, either: Browser, alice: User, target: str
) -> None:
    """G4"""
    form = {"username": "alice", "password": "pw", "next": target}
    response = attack(either, "post", "/login", form, secure=True, new_rows=1)
    headers = {"HX-Request": "true", "HX-Current-URL": target}
    refused = attack(either.another(), "get", "ajax/", headers=headers, secure=True)

    assert response.headers["Location"] == "/accounts/profile/"
    assert refused.headers["HX-Redirect"] == "/login"


def test_an_external_sign_in_gets_the_whole_address_of_the_page_alone(
    attack: Attacker, either: Browser, db: None
) -> None:
    """G1, G7"""
    path = f"{either.path('x/external/')}?a=b"

    response = attack(either, "get", path)

    parts = urlsplit(response.headers["Location"])
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "sso.example", "/enter")
    assert parse_qs(parts.query) == {"tenant": ["1"], "next": [f"http://testserver{path}"]}


@pytest.mark.parametrize("target", ["/login", "/logout", "/login?next=/login", "/sync/rotate/"])
def test_a_way_back_to_signing_in_or_out_is_no_loop(
    attack: Attacker, either: Browser, alice: User, target: str
) -> None:
    """G5: no state is changed by the GET that follows."""
    form = {"username": "alice", "password": "pw", "next": target}
    response = attack(either, "post", "/login", form, new_rows=1)
    followed = attack(either, "get", response.headers["Location"], new_rows=1)

    assert followed.status_code in {200, 405}
    assert attack(either, "get", "private/").json()["user"] == "alice"


def test_the_pages_tell_other_sites_no_address(attack: Attacker, either: Browser, db: None) -> None:
    """G7"""
    response = attack(either, "get", f"/login?next={either.path('private/')}")

    assert response.headers["Referrer-Policy"] == "same-origin"
