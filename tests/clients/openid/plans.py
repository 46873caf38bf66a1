"""The cases, each under the name that its module has in the OpenID Foundation's conformance suite.

Ported are the cases of the plans Basic OP, Config OP and RP-Initiated OP (`OIDCCBasicTestPlan`, `OIDCCConfigTestPlan`,
`OIDCCRpInitiatedLogoutTestPlan` of github.com/openid-certification/conformance-suite), not their code. What a module
leaves to a person with a screenshot, a page of the provider, is here whatever does not lead back to the client.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from tests.clients.openid.provider import (
    REDIRECT_URI,
    SIGNED_OUT_URI,
    Arrival,
    Flow,
    NotApplicable,
    SignedIn,
    unsigned,
)

Case = Callable[[Flow], Awaitable[None]]

BASIC: dict[str, Case] = {}
CONFIG: dict[str, Case] = {}
LOGOUT: dict[str, Case] = {}
VERIFIER = "a-verifier-of-43-characters-or-more_0123456789"
CHALLENGE = "cEhGr8s8tGGnb6XnLVyZH8B1VRpl5ItnDrDuBcpGT4M"


def case(plan: dict[str, Case], module: str) -> Callable[[Case], Case]:
    def note(run: Case) -> Case:
        plan[module] = run
        return run

    return note


# --- Basic OP ---


@case(BASIC, "oidcc-server")
async def a_client_signs_a_person_in(flow: Flow) -> None:
    await flow.sign_in()


@case(BASIC, "oidcc-response-type-missing")
async def a_request_without_response_type_is_refused(flow: Flow) -> None:
    arrival = await flow.ask(flow.request(response_type=""), answers=False)
    if arrival.page is None:
        answer = arrival.parameters()
        assert answer["error"] in {"invalid_request", "unsupported_response_type"}
    else:
        assert arrival.page.is_client_error


@case(BASIC, "oidcc-idtoken-signature")
async def the_algorithm_of_who_asks_for_none_is_rs256(flow: Flow) -> None:
    signed_in = await flow.sign_in()
    assert signed_in.header["kid"]
    if "RS256" not in flow.configuration["id_token_signing_alg_values_supported"]:
        raise NotApplicable("it has no key of RSA")
    assert signed_in.header["alg"] == "RS256"


@case(BASIC, "oidcc-idtoken-unsigned")
async def an_id_token_is_signed(flow: Flow) -> None:
    if "none" not in flow.configuration["id_token_signing_alg_values_supported"]:
        raise NotApplicable("id_token_signing_alg_values_supported does not hold none")
    raise AssertionError("no provider should")


@case(BASIC, "oidcc-userinfo-get")
async def userinfo_is_read_with_get(flow: Flow) -> None:
    await _read_user_info(flow, "GET")


@case(BASIC, "oidcc-userinfo-post-header")
async def userinfo_is_read_with_post(flow: Flow) -> None:
    await _read_user_info(flow, "POST")


@case(BASIC, "oidcc-userinfo-post-body")
async def userinfo_is_read_with_a_token_in_the_body(flow: Flow) -> None:
    signed_in = await flow.sign_in()
    answer = await flow.user_info(signed_in.access_token, in_body=True)
    if answer.is_client_error:
        raise NotApplicable("it takes no token in a body (RFC 6750 section 2.2)")
    assert answer.json()["sub"] == signed_in.claims["sub"]


@case(BASIC, "oidcc-ensure-request-without-nonce-succeeds-for-code-flow")
async def the_nonce_may_be_left_out(flow: Flow) -> None:
    assert "nonce" not in (await flow.sign_in(nonce="")).claims


@case(BASIC, "oidcc-scope-profile")
async def the_scope_profile_gives_the_name(flow: Flow) -> None:
    await _claims_of_scope(flow, "profile", {"name", "preferred_username"})


@case(BASIC, "oidcc-scope-email")
async def the_scope_email_gives_the_address(flow: Flow) -> None:
    await _claims_of_scope(flow, "email", {"email", "email_verified"})


@case(BASIC, "oidcc-scope-address")
async def the_scope_address_gives_the_address(flow: Flow) -> None:
    await _claims_of_scope(flow, "address", {"address"})


@case(BASIC, "oidcc-scope-phone")
async def the_scope_phone_gives_the_number(flow: Flow) -> None:
    await _claims_of_scope(flow, "phone", {"phone_number"})


@case(BASIC, "oidcc-scope-all")
async def all_scopes_give_all(flow: Flow) -> None:
    await _claims_of_scope(flow, "profile email address phone", {"name", "email"})


@case(BASIC, "oidcc-alternate-happy-flow")
async def no_order_matters(flow: Flow) -> None:
    request = flow.request(scope="email openid")
    turned = dict(reversed(request.items()))
    await flow.checked(await flow.redeem(await flow.code(turned)), turned)


@case(BASIC, "oidcc-display-page")
async def display_may_be_page(flow: Flow) -> None:
    await flow.sign_in(display="page")


@case(BASIC, "oidcc-display-popup")
async def display_may_be_popup(flow: Flow) -> None:
    await flow.sign_in(display="popup")


@case(BASIC, "oidcc-prompt-login")
async def prompt_login_asks_again(flow: Flow) -> None:
    first = await flow.sign_in()
    await asyncio.sleep(1.1)
    second = await _asked_again(flow, prompt="login")
    if "auth_time" in first.claims and "auth_time" in second.claims:
        assert second.claims["auth_time"] > first.claims["auth_time"]


@case(BASIC, "oidcc-prompt-none-not-logged-in")
async def prompt_none_shows_no_page_to_who_is_not_signed_in(flow: Flow) -> None:
    assert await flow.refusal(flow.request(prompt="none")) in _NEEDS_A_PAGE


@case(BASIC, "oidcc-prompt-none-logged-in")
async def prompt_none_answers_for_who_is_signed_in(flow: Flow) -> None:
    await _same_sign_in(flow, await flow.sign_in(), prompt="none")


@case(BASIC, "oidcc-max-age-1")
async def max_age_1_asks_again(flow: Flow) -> None:
    first = await flow.sign_in()
    await asyncio.sleep(2.1)
    second = await _asked_again(flow, max_age="1")
    if "auth_time" in first.claims:
        assert second.claims["auth_time"] > first.claims["auth_time"]
    assert abs(time.time() - second.claims["auth_time"]) < 60


@case(BASIC, "oidcc-max-age-10000")
async def max_age_10000_does_not(flow: Flow) -> None:
    first = await flow.sign_in(max_age="15000")
    assert "auth_time" in first.claims
    await _same_sign_in(flow, first, max_age="10000")


@case(BASIC, "oidcc-ensure-request-with-unknown-parameter-succeeds")
async def an_unknown_parameter_is_ignored(flow: Flow) -> None:
    await flow.sign_in(extra="foobar")


@case(BASIC, "oidcc-id-token-hint")
async def an_id_token_hint_is_accepted(flow: Flow) -> None:
    first = await flow.sign_in()
    await _same_sign_in(flow, first, prompt="none", id_token_hint=first.tokens["id_token"])


@case(BASIC, "oidcc-login-hint")
async def a_login_hint_is_accepted(flow: Flow) -> None:
    await flow.sign_in(login_hint=f"buffy@{urlsplit(flow.provider.issuer).hostname}")


@case(BASIC, "oidcc-ui-locales")
async def ui_locales_are_accepted(flow: Flow) -> None:
    await flow.sign_in(ui_locales="se")


@case(BASIC, "oidcc-claims-locales")
async def claims_locales_are_accepted(flow: Flow) -> None:
    await flow.sign_in(claims_locales="se")


@case(BASIC, "oidcc-ensure-request-with-acr-values-succeeds")
async def acr_values_are_accepted(flow: Flow) -> None:
    wanted = flow.configuration.get("acr_values_supported", ["1", "2"])
    signed_in = await flow.sign_in(acr_values=" ".join(wanted))
    if "acr" not in signed_in.claims:
        raise NotApplicable("it says no acr (a warning of the suite)")
    assert signed_in.claims["acr"] in wanted


@case(BASIC, "oidcc-codereuse")
async def a_code_is_good_once(flow: Flow) -> None:
    await _use_twice(flow)


@case(BASIC, "oidcc-codereuse-30seconds")
async def a_code_that_is_used_again_ends_what_it_gave(flow: Flow) -> None:
    # The suite waits 30 s before the second use; there is nothing here that such a wait could change.
    signed_in = await _use_twice(flow)
    for _ in range(150):
        if (await flow.user_info(signed_in.access_token)).is_client_error:
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the access token is good after 30 s")


@case(BASIC, "oidcc-ensure-registered-redirect-uri")
async def nobody_is_sent_to_an_address_that_is_not_registered(flow: Flow) -> None:
    request = flow.request(redirect_uri=f"{REDIRECT_URI}/{token_urlsafe(8)}")
    _is_a_page(await flow.ask(request, answers=False))


@case(BASIC, "oidcc-ensure-post-request-succeeds")
async def a_request_may_be_posted(flow: Flow) -> None:
    await flow.sign_in(posted=True)


@case(BASIC, "oidcc-server-client-secret-post")
async def a_client_may_send_its_secret_in_the_form(flow: Flow) -> None:
    other = Flow(flow.provider, flow.person, flow.provider.post, flow.configuration)
    assert other.client.method == "client_secret_post"
    await other.sign_in()


@case(BASIC, "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
async def a_request_by_reference_is_honoured_or_refused(flow: Flow) -> None:
    request = flow.request(request_uri="https://client.example/request.jwt")
    assert flow.configuration["request_uri_parameter_supported"] is False
    assert await flow.refusal(request) == "request_uri_not_supported"


@case(BASIC, "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported")
async def a_request_object_is_honoured_or_refused(flow: Flow) -> None:
    request = flow.request()
    if flow.configuration.get("request_parameter_supported", False):
        raise NotApplicable("it reads request objects, which is not ported")
    assert await flow.refusal({**request, "request": unsigned(request)}) == "request_not_supported"


@case(BASIC, "oidcc-claims-essential")
async def a_request_with_the_parameter_claims_succeeds(flow: Flow) -> None:
    wanted = '{"userinfo": {"name": {"essential": true}}}'
    signed_in = await flow.sign_in(claims=wanted)
    answer = (await flow.user_info(signed_in.access_token)).json()
    if "name" not in answer:
        assert not flow.configuration.get("claims_parameter_supported", False)
        raise NotApplicable("it does not read the parameter claims (a warning of the suite)")


@case(BASIC, "oidcc-ensure-request-object-with-redirect-uri")
async def a_request_object_does_not_hide_a_wrong_redirect_uri(flow: Flow) -> None:
    request = flow.request()
    wrong = {**request, "redirect_uri": f"{REDIRECT_URI}/wrong", "request": unsigned(request)}
    _is_a_page(await flow.ask(wrong, answers=False))


@case(BASIC, "oidcc-refresh-token")
async def a_refresh_token_works_for_its_client_only(flow: Flow) -> None:
    scope = "openid"
    if "offline_access" in flow.configuration.get("scopes_supported", []):
        scope = "openid offline_access"
    first = await flow.sign_in(scope=scope, prompt="consent")
    again = {"grant_type": "refresh_token", "refresh_token": first.tokens["refresh_token"]}
    other = Flow(flow.provider, flow.person, flow.provider.post, flow.configuration)
    second = await other.sign_in(scope=scope, prompt="consent")
    renewed = await flow.token_request(**again)
    assert renewed.status_code == 200, renewed.text
    if "id_token" in renewed.json():
        after = (await flow.checked(renewed, {}, renews=first)).claims
        for name in ("iss", "sub", "aud", "azp", "auth_time"):
            assert after.get(name) == first.claims.get(name), name
        assert after["iat"] >= first.claims["iat"]
    assert renewed.json()["access_token"] != first.access_token
    stolen = {**again, "refresh_token": second.tokens["refresh_token"]}
    refused = await flow.token_request(**stolen)
    assert refused.is_client_error
    assert refused.json()["error"] in {"invalid_grant", "invalid_client"}


@case(BASIC, "oidcc-ensure-request-with-valid-pkce-succeeds")
async def pkce_works(flow: Flow) -> None:
    await flow.sign_in(
        code_challenge=CHALLENGE, code_challenge_method="S256", code_verifier=VERIFIER
    )


# --- Config OP ---


@case(CONFIG, "oidcc-discovery-endpoint-verification")
async def the_configuration_says_what_it_must(flow: Flow) -> None:
    described, issuer = flow.configuration, flow.provider.issuer
    url = f"{issuer}/.well-known/openid-configuration"
    answer = await flow.provider.send("GET", url)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert described["issuer"] == issuer
    assert "code" in described["response_types_supported"]
    assert "public" in described["subject_types_supported"]
    assert "openid" in described["scopes_supported"]
    assert set(described.get("grant_types_supported", ["authorization_code"])) >= {
        "authorization_code"
    }
    assert described["claims_supported"]
    assert isinstance(described["code_challenge_methods_supported"], list)
    for name, value in described.items():
        if name.endswith(("_endpoint", "_uri")):
            # The suite demands https, which a test's server does not speak.
            assert urlsplit(value).netloc == urlsplit(issuer).netloc, name
            assert not urlsplit(value).fragment
    keys = (await flow.provider.send("GET", described["jwks_uri"])).json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) > 0
    for key in keys:
        assert not {"d", "p", "q", "k"} & key.keys()
        assert {"RSA": "n", "EC": "x", "OKP": "x"}[key["kty"]] in key
    if "RS256" not in described["id_token_signing_alg_values_supported"]:
        raise NotApplicable("RS256, which the specification demands, is not listed")


# --- RP-Initiated OP ---


@case(LOGOUT, "oidcc-rp-initiated-logout-discovery-endpoint-verification")
async def the_configuration_names_the_end_session_endpoint(flow: Flow) -> None:
    assert flow.configuration["end_session_endpoint"].startswith(flow.provider.issuer)


@case(LOGOUT, "oidcc-rp-initiated-logout")
async def the_person_is_signed_out_and_sent_back(flow: Flow) -> None:
    state = token_urlsafe(96)
    arrival = await _log_out(flow, state=state)
    assert arrival.parameters(SIGNED_OUT_URI) == {"state": state}
    await _is_signed_out(flow)


@case(LOGOUT, "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri")
async def nobody_is_sent_to_an_address_that_is_not_registered_for_it(flow: Flow) -> None:
    _is_a_page(await _log_out(flow, post_logout_redirect_uri=f"{SIGNED_OUT_URI}/wrong"))


@case(LOGOUT, "oidcc-rp-initiated-logout-modified-id-token-hint")
async def a_hint_without_signature_sends_nobody_back(flow: Flow) -> None:
    signed_in = await flow.sign_in()
    _is_a_page(await _log_out(flow, signed_in, id_token_hint=unsigned(signed_in.claims)))


@case(LOGOUT, "oidcc-rp-initiated-logout-no-id-token-hint")
async def without_a_hint_nobody_is_sent_back(flow: Flow) -> None:
    _is_a_page(await _log_out(flow, id_token_hint=""))


@case(LOGOUT, "oidcc-rp-initiated-logout-no-params")
async def without_parameters_the_person_is_signed_out(flow: Flow) -> None:
    await flow.sign_in()
    _is_a_page(await flow.person.visit(flow.configuration["end_session_endpoint"]))
    await _is_signed_out(flow)


@case(LOGOUT, "oidcc-rp-initiated-logout-no-post-logout-redirect-uri")
async def without_an_address_the_person_is_signed_out(flow: Flow) -> None:
    _is_a_page(await _log_out(flow, post_logout_redirect_uri=""))
    await _is_signed_out(flow)


@case(LOGOUT, "oidcc-rp-initiated-logout-no-state")
async def without_a_state_none_comes_back(flow: Flow) -> None:
    arrival = await _log_out(flow, state="")
    assert (arrival.page, arrival.url) == (None, SIGNED_OUT_URI)
    await _is_signed_out(flow)


@case(LOGOUT, "oidcc-rp-initiated-logout-only-state")
async def with_a_state_alone_the_person_is_signed_out(flow: Flow) -> None:
    _is_a_page(await _log_out(flow, id_token_hint="", post_logout_redirect_uri=""))
    await _is_signed_out(flow)


@case(LOGOUT, "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri")
async def an_address_with_a_query_more_is_another(flow: Flow) -> None:
    _is_a_page(await _log_out(flow, post_logout_redirect_uri=f"{SIGNED_OUT_URI}?foo=bar"))


@case(LOGOUT, "oidcc-rp-initiated-logout-bad-id-token-hint")
async def a_hint_that_somebody_else_signed_sends_nobody_back(flow: Flow) -> None:
    signed_in = await flow.sign_in()
    key = ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(signed_in.claims, key, "ES256", headers={"kid": signed_in.header["kid"]})
    _is_a_page(await _log_out(flow, signed_in, id_token_hint=forged))


_NEEDS_A_PAGE = {
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
}


async def _read_user_info(flow: Flow, method: str) -> dict[str, Any]:
    signed_in = await flow.sign_in()
    answer = await flow.user_info(signed_in.access_token, method)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    known: dict[str, Any] = answer.json()
    assert known["sub"] == signed_in.claims["sub"]
    return known


async def _claims_of_scope(flow: Flow, scope: str, claims: set[str]) -> None:
    missing = set(scope.split()) - set(flow.configuration["scopes_supported"])
    if missing:
        raise NotApplicable(f"scopes_supported does not hold {', '.join(sorted(missing))}")
    signed_in = await flow.sign_in(scope=f"openid {scope}")
    known = (await flow.user_info(signed_in.access_token)).json()
    assert claims <= known.keys()
    assert claims.isdisjoint(signed_in.claims)


async def _same_sign_in(flow: Flow, first: SignedIn, **changes: str) -> None:
    request = flow.request(**changes)
    arrival = await flow.ask(request, answers=False)
    code = arrival.parameters()["code"]
    second = await flow.checked(await flow.redeem(code), request)
    assert second.claims["sub"] == first.claims["sub"]
    if "auth_time" in first.claims and "auth_time" in second.claims:
        assert second.claims["auth_time"] == first.claims["auth_time"]


async def _asked_again(flow: Flow, **changes: str) -> SignedIn:
    request = flow.request(**changes)
    arrival = await flow.ask(request)
    assert arrival.forms_filled > 0
    return await flow.checked(await flow.redeem(arrival.parameters()["code"]), request)


async def _use_twice(flow: Flow) -> SignedIn:
    request = flow.request()
    code = await flow.code(request)
    signed_in = await flow.checked(await flow.redeem(code), request)
    again = await flow.redeem(code)
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"
    return signed_in


async def _log_out(flow: Flow, signed_in: SignedIn | None = None, **changes: str) -> Arrival:
    signed_in = signed_in or await flow.sign_in()
    parameters = {
        "id_token_hint": signed_in.tokens["id_token"],
        "post_logout_redirect_uri": SIGNED_OUT_URI,
        "state": token_urlsafe(12),
        **changes,
    }
    query = urlencode({name: value for name, value in parameters.items() if value})
    return await flow.person.visit(f"{flow.configuration['end_session_endpoint']}?{query}")


async def _is_signed_out(flow: Flow) -> None:
    assert await flow.refusal(flow.request(prompt="none")) in _NEEDS_A_PAGE


def _is_a_page(arrival: Arrival) -> None:
    assert arrival.page is not None, arrival.url
